"""What one request may ask for: how detections are chosen and told, and which frames of a sequence are looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as shown
from typing import Any

from inference.errors import InvalidOption

MAX_DETECTIONS = 300
"""Default of ultralytics' `max_det`."""
MAX_EVERY = 10_000
NAMES = ("confidence", "iou", "max_detections", "classes", "masks")
FRAMES = ("frames", "every", "max_frames")
ALL_NAMES = (*NAMES, *FRAMES)
MASKS = ("polygons", "rle", "none")
MAX_ID_DIGITS = 9
"""Of a class id: Python refuses to read numbers of thousands of digits."""


@dataclass(frozen=True)
class Options:
    """How detections are chosen."""

    confidence: float
    """A detection's score must be greater."""
    iou: float
    """Of two boxes of one class that overlap more than this, the one with the lower score is dropped."""
    max_detections: int = MAX_DETECTIONS
    classes: tuple[int, ...] | None = None
    """Class ids to keep; None keeps all."""
    masks: str = MASKS[0]
    """How the masks of segments are told: one of MASKS."""


@dataclass(frozen=True)
class Sampling:
    """Which frames of a sequence are looked at: the first, then each `every`-th, at most `limit` of them."""

    every: int
    limit: int


def read_sampling(given: Mapping[str, Any], max_frames: int) -> Sampling | None:
    """What `frames`, `every` and `max_frames` ask for, None for the first frame alone; raises InvalidOption."""
    frames = given.get("frames")
    if frames not in (None, "first", "all"):
        raise InvalidOption(f"The option frames is {shown(frames)}; it must be first or all.")
    every, limit = _count(given, "every", 1, MAX_EVERY), _count(given, "max_frames", max_frames, max_frames)
    return Sampling(every, limit) if frames == "all" else None


def read_options(
    given: Mapping[str, Any], default: Options, labels: Sequence[str], meaningful: Collection[str] = NAMES
) -> Options:
    """The defaults, changed by what the request gives; raises InvalidOption. Names that are no option are not read.

    `meaningful` are the options that the model's task has a use for; any other is refused.
    """
    for name in NAMES:
        if given.get(name) is not None and name not in meaningful:
            raise InvalidOption(
                f"The option {name} means nothing to this model: it takes {', '.join(meaningful)}. Leave it out."
            )
    return Options(
        confidence=_fraction(given, "confidence", default.confidence),
        iou=_fraction(given, "iou", default.iou),
        max_detections=_count(given, "max_detections", default.max_detections, MAX_DETECTIONS),
        classes=_classes(given, labels) if given.get("classes") is not None else default.classes,
        masks=_choice(given, "masks", MASKS, default.masks),
    )


def parse_attributes(header: str) -> dict[str, Any]:
    """Options from the header X-Amzn-SageMaker-Custom-Attributes, `confidence=0.5;classes=circle,square`.

    The header carries whatever a caller puts there, so what is not an option is passed over.
    """
    given: dict[str, Any] = {}
    for part in header.split(";"):
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or name not in ALL_NAMES:
            continue
        if name == "classes":
            given[name] = [_class(item) for item in map(str.strip, text.split(","))]
        else:
            given[name] = _number(text)
    return given


def _class(text: str) -> int | str:
    return int(text) if text.isdecimal() and len(text) <= MAX_ID_DIGITS else text


def _number(text: str) -> float | int | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _fraction(given: Mapping[str, Any], name: str, default: float) -> float:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidOption(f"The option {name} is {shown(value)}; it must be a number from 0 to 1.")
    return float(value)


def _count(given: Mapping[str, Any], name: str, default: int, limit: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
        raise InvalidOption(f"The option {name} is {shown(value)}; it must be a whole number from 1 to {limit}.")
    return value


def _choice(given: Mapping[str, Any], name: str, choices: Sequence[str], default: str) -> str:
    value = given.get(name)
    if value is None:
        return default
    if value not in choices:
        raise InvalidOption(f"The option {name} is {shown(value)}; it must be one of {', '.join(choices)}.")
    return str(value)


def _classes(given: Mapping[str, Any], labels: Sequence[str]) -> tuple[int, ...]:
    value = given["classes"]
    if not isinstance(value, list) or not value:
        raise InvalidOption(f"The option classes is {shown(value)}; it must be a list of labels or ids, not empty.")
    return tuple(sorted({_class_id(item, labels) for item in value}))


def _class_id(item: Any, labels: Sequence[str]) -> int:
    if isinstance(item, str) and item in labels:
        return labels.index(item)
    if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < len(labels):
        return item
    known = ", ".join(labels[:20]) + (", …" if len(labels) > 20 else "")
    raise InvalidOption(f"The option classes holds {shown(item)}, which this model does not know. It knows: {known}.")
