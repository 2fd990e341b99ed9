"""Smoke test: what was found in a real picture, compared with what is expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import RolloutFailed
from infra.release.findings import Detection, likeness

if TYPE_CHECKING:
    from infra.release.invocation import Answer, Sample
    from infra.settings import Smoke

UNSURE = 0.25
"""Score under which a detection may come or go: the model's own threshold."""


def judge(answer: Answer, sample: Sample, rules: Smoke, *, mock: bool) -> str:
    """How well an answer fits, as a text; RolloutFailed if it does not. A mock's detections are not compared."""
    if answer.is_mock != mock:
        is_, asked = ("a mock", "a real model") if answer.is_mock else ("a real model", "a mock")
        raise RolloutFailed(
            f"{is_} answers and {asked} was asked for; deploy the other image, or "
            f"{'give' if answer.is_mock else 'leave out'} --mock."
        )
    if mock:
        return "a mock answers, as asked; its detections are not compared"
    if sample.expected is None:
        return f"{len(answer.detections)} detections, nothing to compare them with"
    left, unmatched = list(answer.detections), []
    surely = _threshold(answer.detections, sample.expected) + rules.score_tolerance
    worst_iou, worst_score = 1.0, 0.0
    for wanted in sorted(sample.expected, key=lambda one: -one.score):
        fitting = [
            one
            for one in left
            if one.label == wanted.label
            and likeness(wanted, one) >= rules.iou
            and abs(one.score - wanted.score) <= rules.score_tolerance
        ]
        if fitting:
            best = max(fitting, key=lambda one: likeness(wanted, one))
            left.remove(best)
            worst_iou, worst_score = (
                min(worst_iou, likeness(wanted, best)),
                max(worst_score, abs(best.score - wanted.score)),
            )
        elif wanted.score > surely:
            unmatched.append(wanted)
    extra = [one for one in left if one.score > surely]
    if unmatched or extra:
        lost = "; ".join(f"expected {_told(one)}, nearest {_nearest(one, answer.detections)}" for one in unmatched)
        more = "; ".join(f"unexpected {_told(one)}" for one in extra)
        raise RolloutFailed(
            f"the detections in {sample.name} are not the expected ones: "
            f"{'; '.join(part for part in (lost, more) if part)} "
            f"(IoU at least {rules.iou:g}, score within {rules.score_tolerance:g})."
        )
    found = f"{len(answer.detections) - len(left)} of {len(sample.expected)} detections match"
    return f"{found}, worst IoU {worst_iou:.3f}, largest score difference {worst_score:.3f}"


def _threshold(found: tuple[Detection, ...], expected: tuple[Detection, ...]) -> float:
    """The score that is just told: of objects the model's threshold, of a picture's classes that of the last one."""
    lasts = [min(one.score for one in told) for told in (found, expected) if told and not told[0].box]
    return max(lasts, default=UNSURE)


def _told(one: Detection) -> str:
    where = f" at [{', '.join(f'{edge:.0f}' for edge in one.box)}]" if one.box else ""
    return f"{one.label} {one.score:.2f}{where}"


def _nearest(wanted: Detection, found: tuple[Detection, ...]) -> str:
    if not found:
        return "none at all"
    best = max(found, key=lambda one: (likeness(wanted, one), one.label == wanted.label))
    return f"{_told(best)} (IoU {likeness(wanted, best):.2f})" if wanted.box else _told(best)
