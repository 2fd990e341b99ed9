"""What was found in a picture, and how alike two findings are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Points = tuple[tuple[float, ...], ...]

_LINES = 128
"""Lines that two shapes are compared on: enough for differences of one in a hundred."""


@dataclass(frozen=True)
class Detection:
    """An object found: its class, its score from 0 to 1, its box in pixels of the picture.

    A class that was given to the whole picture has an empty box. What only some models tell is empty elsewhere:
    outlines of the object, or the four corners of a rotated box, and keypoints, each x, y and perhaps a score.
    """

    label: str
    score: float
    box: tuple[float, ...]
    outlines: tuple[Points, ...] = ()
    keypoints: Points = ()


def read(document: dict[str, Any]) -> tuple[Detection, ...]:
    """What an answer, or the sample's expectation, tells; KeyError, TypeError or ValueError where it is neither."""
    if document.get("task") == "classify":
        return tuple(Detection(str(one["label"]), float(one["score"]), ()) for one in document["classifications"])
    return tuple(_detection(one) for one in document["detections"])


def likeness(wanted: Detection, found: Detection) -> float:
    """How well a finding fits a wanted one, from 0 to 1: the least of all that is wanted of where it is."""
    alike = [1.0]
    if wanted.box:
        alike.append(overlap(wanted.box, found.box) if found.box else 0.0)
    if wanted.outlines:
        alike.append(shape_overlap(wanted.outlines, found.outlines))
    if wanted.keypoints:
        alike.append(nearness(wanted, found))
    return min(alike)


def overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Intersection over union of two boxes (x1, y1, x2, y2); 0 where they do not meet."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def shape_overlap(a: tuple[Points, ...], b: tuple[Points, ...]) -> float:
    """Intersection over union of two shapes, each of one or more polygons; 0 where they do not meet."""
    heights = [point[1] for polygons in (a, b) for polygon in polygons for point in polygon]
    low, high = min(heights), max(heights)
    both = all_ = 0.0
    for line in range(_LINES):
        y = low + (line + 0.5) / _LINES * (high - low)
        one, other = _crossings(a, y), _crossings(b, y)
        shared = sum(max(0.0, min(end, end2) - max(start, start2)) for start, end in one for start2, end2 in other)
        both += shared
        all_ += sum(end - start for start, end in one) + sum(end - start for start, end in other) - shared
    return both / all_ if all_ else 0.0


def nearness(wanted: Detection, found: Detection) -> float:
    """1 less the mean distance of the keypoints that are surely seen, as a share of the box's size; 0 if too far."""
    if len(wanted.keypoints) != len(found.keypoints):
        return 0.0
    pairs = zip(wanted.keypoints, found.keypoints, strict=True)
    distances = [math.dist(a[:2], b[:2]) for a, b in pairs if all(score >= 0.5 for score in a[2:])]
    x1, y1, x2, y2 = wanted.box
    size = math.sqrt(max(1.0, (x2 - x1) * (y2 - y1)))
    return max(0.0, 1 - sum(distances) / len(distances) / size) if distances else 1.0


def _crossings(polygons: tuple[Points, ...], y: float) -> list[tuple[float, float]]:
    """Where a line at this height is inside, as pairs of x."""
    places = sorted(
        x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        for polygon in polygons
        for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0]))
        if (y1 <= y) != (y2 <= y)
    )
    return list(zip(places[::2], places[1::2], strict=True))


def _detection(one: dict[str, Any]) -> Detection:
    x1, y1, x2, y2 = map(float, one["box"])
    polygons = [one["corners"]] if "corners" in one else one.get("polygons", ())
    return Detection(
        str(one["label"]),
        float(one["score"]),
        (x1, y1, x2, y2),
        outlines=tuple(_points(polygon) for polygon in polygons),
        keypoints=_points(one.get("keypoints", ())),
    )


def _points(values: Any) -> Points:
    return tuple(tuple(map(float, point)) for point in values)
