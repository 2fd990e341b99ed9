"""Candidates of a raw head, and which of them stay: threshold, then non-maximum suppression within each class.

Follows ultralytics' `non_max_suppression` with its defaults: best class of each anchor only, at most 30,000 candidates,
at most 300 detections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.options import Options

MAX_CANDIDATES: Final = 30_000


@dataclass(frozen=True)
class Found:
    """Objects in the network's square, best score first."""

    boxes: NDArray[np.float32]
    """(n, 4) in pixels of the square."""
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]
    extras: NDArray[np.float32]
    """(n, k): what the head says of each beyond box and scores."""

    def only(self, kept: NDArray[np.intp] | NDArray[np.bool_]) -> Found:
        """Those of the indices, or where true."""
        return Found(self.boxes[kept], self.scores[kept], self.classes[kept], self.extras[kept])


def candidates(head: NDArray[np.float32], labels: int, options: Options) -> Found:
    """All whose score is high enough, from the head of one picture, (4 + labels + k, anchors).

    The first four rows are centre x, centre y, width and height, and so are the boxes; one score a label follows.
    """
    scores = head[4 : 4 + labels].max(axis=0)
    anchors = np.flatnonzero(scores > options.confidence)
    classes = head[4 : 4 + labels, anchors].argmax(axis=0)
    if options.classes is not None:
        wanted = np.isin(classes, options.classes)
        anchors, classes = anchors[wanted], classes[wanted]
    # A stable order makes ties, and with them the answer, the same every time.
    order = np.argsort(-scores[anchors], kind="stable")[:MAX_CANDIDATES]
    anchors = anchors[order]
    return Found(head[:4, anchors].T, scores[anchors], classes[order], head[4 + labels :, anchors].T)


def choose(head: NDArray[np.float32], labels: int, options: Options) -> Found:
    """The candidates that stay; their boxes are x1, y1, x2, y2."""
    found = candidates(head, labels, options)
    centre, half = found.boxes[:, :2], found.boxes[:, 2:] / 2
    boxes: NDArray[np.float32] = np.concatenate((centre - half, centre + half), axis=1, dtype=np.float32)
    found = Found(boxes, found.scores, found.classes, found.extras)
    return found.only(_suppress(boxes, found.classes, options.iou, options.max_detections))


def _suppress(boxes: NDArray[np.float32], classes: NDArray[np.intp], iou: float, limit: int) -> NDArray[np.intp]:
    """Indices of the boxes that stay: each in turn drops later ones of its class that overlap it by more than `iou`."""
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    rest = np.arange(len(boxes))
    kept: list[int] = []
    while rest.size and len(kept) < limit:
        best, rest = rest[0], rest[1:]
        kept.append(int(best))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.clip(high - low, 0, None).prod(axis=1)
        union = areas[best] + areas[rest] - shared
        # As a product: a box without area overlaps nothing, and nothing is divided by zero.
        rest = rest[(shared <= iou * union) | (classes[rest] != classes[best])]
    return np.array(kept, np.intp)
