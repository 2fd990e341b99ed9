"""Which box of one detector is which box of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Box = tuple[float, float, float, float]

# Two boxes of one object from the same weights lie on top of each other; half is already a miss.
SAME_OBJECT: Final = 0.5


@dataclass(frozen=True)
class Detection:
    """One object: label, score from 0 to 1, box (x1, y1, x2, y2) in pixels of the picture."""

    label: str
    score: float
    box: Box


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
        """Difference of the scores."""
        return abs(self.expected.score - self.found.score)


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
