"""Which box of one detector is which box of another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Points = tuple[tuple[float, ...], ...]

# Two boxes of one object from the same weights lie on top of each other; half is already a miss.
SAME_OBJECT: Final = 0.5


@dataclass(frozen=True)
class Detection:
    """One object: label, score from 0 to 1, box (x1, y1, x2, y2) in pixels of the picture.

    A class that a whole picture was given is an object that fills it. `corners` are of rotated boxes, `keypoints` of
    poses (x, y and perhaps a score of each), `mask` (height, width) of segments.
    """

    label: str
    score: float
    box: Box
    corners: Points = ()
    keypoints: Points = ()
    mask: NDArray[np.bool_] | None = field(default=None, compare=False)

    def scaled(self, scale: float) -> "Detection":
        """The same in pixels `1 / scale` times as large; the mask stays as it is."""
        x1, y1, x2, y2 = (edge * scale for edge in self.box)
        corners = tuple((x * scale, y * scale) for x, y in self.corners)
        keypoints = tuple((x * scale, y * scale, *score) for x, y, *score in self.keypoints)
        return replace(self, box=(x1, y1, x2, y2), corners=corners, keypoints=keypoints)


@dataclass(frozen=True)
class Pair:
    """The same object seen by both."""

    expected: Detection
    found: Detection

    @property
    def box_difference(self) -> float:
        """The largest difference of an edge, in pixels."""
        return max(abs(a - b) for a, b in zip(self.expected.box, self.found.box, strict=True))

    @property
    def score_difference(self) -> float:
        """The largest difference of the scores: of the object and its keypoints."""
        pairs = zip(self.expected.keypoints, self.found.keypoints, strict=True)
        others = [abs(a - b) for one, two in pairs for a, b in zip(one[2:], two[2:], strict=True)]
        return max([abs(self.expected.score - self.found.score), *others])

    @property
    def corner_difference(self) -> float:
        """The largest distance of two corners, in pixels, whichever is named first and whichever way they go around."""
        ways = (self.found.corners, self.found.corners[::-1])
        orders = [way[start:] + way[:start] for way in ways for start in range(len(way))]
        return min((_farthest(self.expected.corners, order) for order in orders), default=0.0)

    @property
    def keypoint_difference(self) -> float:
        """The largest distance of two keypoints, in pixels."""
        return _farthest(self.expected.keypoints, self.found.keypoints)

    @property
    def mask_overlap(self) -> tuple[int, int]:
        """Pixels that both masks have, and that either has."""
        one, two = self.expected.mask, self.found.mask
        return (int(np.sum(one & two)), int(np.sum(one | two))) if one is not None and two is not None else (0, 0)


def match(expected: Sequence[Detection], found: Sequence[Detection]) -> list[Pair]:
    """Pair objects of one label greedily, the largest overlap first; each is used at most once."""
    candidates = sorted(
        (
            (-overlap, i, j)
            for i, a in enumerate(expected)
            for j, b in enumerate(found)
            if a.label == b.label and (overlap := iou(a.box, b.box)) >= SAME_OBJECT
        ),
    )
    left, right = set(range(len(expected))), set(range(len(found)))
    pairs = []
    for _, i, j in candidates:
        if i in left and j in right:
            left.remove(i)
            right.remove(j)
            pairs.append(Pair(expected[i], found[j]))
    return pairs


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 when either is empty."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def _farthest(one: Points, two: Points) -> float:
    return max((math.dist(a[:2], b[:2]) for a, b in zip(one, two, strict=True)), default=0.0)
