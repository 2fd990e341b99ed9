"""Smoke test: a real picture through InvokeEndpoint, and what is found compared with what is expected."""

from __future__ import annotations

import json
import mimetypes
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError

from infra.aws_errors import code, message
from infra.errors import InputError, RolloutFailed
from infra.release.findings import Detection, likeness, read
from infra.release.kinds import awake

if TYPE_CHECKING:
    from pathlib import Path

    from infra.cloud import Cloud
    from infra.settings import Smoke

_UNSURE = 0.25  # score under which a detection may come or go: the model's own threshold


@dataclass(frozen=True)
class Answer:
    """What the endpoint answered, and how long it took from here in milliseconds."""

    build: str
    model: str
    is_mock: bool
    detections: tuple[Detection, ...]
    milliseconds: float
    variant: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """A picture and what is to be found in it; `expected` is None where there is nothing to compare with."""

    name: str
    picture: bytes
    expected: tuple[Detection, ...] | None


def read_sample(picture: Path, expected: Path | None) -> Sample:
    """Read both; InputError with a sentence if one cannot be used."""
    try:
        data = picture.read_bytes()
        text = expected.read_text() if expected else None
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; give an existing file.") from None
    if not data:
        raise InputError(f"{picture} is empty; give a JPEG, PNG or WebP picture.")
    try:
        found = read(json.loads(text)) if text is not None else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{expected} does not say what to expect ({type(error).__name__}: {error}); it must be "
            '{"detections": [{"label", "score", "box": [x1, y1, x2, y2]}]}, or with "task": "classify" '
            '{"classifications": [{"label", "score"}]}.'
        ) from None
    return Sample(picture.name, data, found)


def invoke(cloud: Cloud, endpoint: str, sample: Sample, limit_mb: int) -> Answer:
    """Send a picture to a live endpoint; RolloutFailed or InputError says why there is no answer."""
    name, picture = sample.name, sample.picture
    if len(picture) > limit_mb * 1024 * 1024:
        raise InputError(
            f"{name} has {len(picture) / 2**20:.1f} MiB and the endpoint takes {limit_mb} (payload_limit_mb); "
            "give a smaller one."
        )
    began = time.monotonic()
    try:
        told = awake(
            lambda: cloud.runtime.invoke_endpoint(
                EndpointName=endpoint,
                ContentType=mimetypes.guess_type(name)[0] or "application/octet-stream",
                Accept="application/json",
                Body=picture,
            )
        )
        body = json.loads(told["Body"].read())
        return Answer(
            build=str(body["build"]),
            model=str(body["model"]["digest"]),
            is_mock=bool(body["is_mock"]),
            detections=read(body),
            milliseconds=round((time.monotonic() - began) * 1000, 1),
            variant=told.get("InvokedProductionVariant", ""),
            body=body,
        )
    except ClientError as error:
        raise _no_answer(endpoint, name, error) from error
    except HTTPClientError as error:
        raise RolloutFailed(
            f"endpoint {endpoint} gave no answer to {name}: {error}; look at its logs and at `status`."
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RolloutFailed(
            f"endpoint {endpoint} answered {name} with something that is not Slipway's answer "
            f"({type(error).__name__}: {error}); "
            "deploy an image that Slipway built."
        ) from error


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
    return max(lasts, default=_UNSURE)


def _told(one: Detection) -> str:
    where = f" at [{', '.join(f'{edge:.0f}' for edge in one.box)}]" if one.box else ""
    return f"{one.label} {one.score:.2f}{where}"


def _nearest(wanted: Detection, found: tuple[Detection, ...]) -> str:
    if not found:
        return "none at all"
    best = max(found, key=lambda one: (likeness(wanted, one), one.label == wanted.label))
    return f"{_told(best)} (IoU {likeness(wanted, best):.2f})" if wanted.box else _told(best)


def _no_answer(endpoint: str, name: str, error: ClientError) -> Exception:
    if code(error) == "ModelError":
        status = error.response.get("OriginalStatusCode", "?")
        original = str(error.response.get("OriginalMessage") or message(error))
        try:
            original = json.loads(original)["error"]["message"]
        except (ValueError, KeyError, TypeError):
            original = original[:300]
        told = f"the model refused {name} with status {status}: {original.rstrip('. ')}"
        if str(status).startswith("4"):
            return InputError(f"{told}.")
        return RolloutFailed(f"{told}; look at the container's logs.")
    if code(error) in ("ValidationError", "ValidationException"):
        return InputError(
            f"endpoint {endpoint} cannot be asked: {message(error)}; look with `python -m infra status`, and "
            "deploy if it is not there."
        )
    return error
