"""Smoke test: a real picture through InvokeEndpoint, and the detections compared with the expected ones."""

from __future__ import annotations

import json
import mimetypes
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, HTTPClientError

from infra.aws_errors import code, message
from infra.errors import InputError, RolloutFailed

if TYPE_CHECKING:
    from pathlib import Path

    from infra.cloud import Cloud
    from infra.settings import Smoke

_UNSURE = 0.25  # score under which a detection may come or go: the model's own threshold


@dataclass(frozen=True)
class Detection:
    """An object found: its class, its score from 0 to 1, its box in pixels of the picture."""

    label: str
    score: float
    box: tuple[float, float, float, float]


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
        found = _detections(json.loads(text)["detections"]) if text is not None else None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{expected} is not a list of expected detections ({type(error).__name__}: {error}); it must be "
            '{"detections": [{"label", "score", "box": [x1, y1, x2, y2]}]}.'
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
        told = cloud.runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=mimetypes.guess_type(name)[0] or "application/octet-stream",
            Accept="application/json",
            Body=picture,
        )
        body = json.loads(told["Body"].read())
        return Answer(
            build=str(body["build"]),
            model=str(body["model"]["digest"]),
            is_mock=bool(body["is_mock"]),
            detections=_detections(body["detections"]),
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
    worst_iou, worst_score = 1.0, 0.0
    for wanted in sorted(sample.expected, key=lambda one: -one.score):
        fitting = [
            one
            for one in left
            if one.label == wanted.label
            and overlap(one.box, wanted.box) >= rules.iou
            and abs(one.score - wanted.score) <= rules.score_tolerance
        ]
        if fitting:
            best = max(fitting, key=lambda one: overlap(one.box, wanted.box))
            left.remove(best)
            worst_iou, worst_score = (
                min(worst_iou, overlap(best.box, wanted.box)),
                max(worst_score, abs(best.score - wanted.score)),
            )
        elif wanted.score > _UNSURE + rules.score_tolerance:
            unmatched.append(wanted)
    extra = [one for one in left if one.score > _UNSURE + rules.score_tolerance]
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


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2); 0 where they do not meet."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _detections(values: Any) -> tuple[Detection, ...]:
    found = []
    for one in values:
        x1, y1, x2, y2 = map(float, one["box"])
        found.append(Detection(str(one["label"]), float(one["score"]), (x1, y1, x2, y2)))
    return tuple(found)


def _told(one: Detection) -> str:
    return f"{one.label} {one.score:.2f} at [{', '.join(f'{edge:.0f}' for edge in one.box)}]"


def _nearest(wanted: Detection, found: tuple[Detection, ...]) -> str:
    if not found:
        return "none at all"
    best = max(found, key=lambda one: overlap(one.box, wanted.box))
    return f"{_told(best)} (IoU {overlap(best.box, wanted.box):.2f})"


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
