"""From the raw YOLO head to boxes: threshold, then non-maximum suppression within each class.

Follows ultralytics' `non_max_suppression` with its defaults: best class of each anchor only, at most 30,000 candidates,
at most 300 detections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from inference.options import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_CANDIDATES: Final = 30_000


@dataclass(frozen=True)
class Detections:
    """Found objects, best score first."""

    boxes: NDArray[np.float32]
    """(n, 4) as x1, y1, x2, y2."""
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


def postprocess(head: NDArray[np.float32], options: Options) -> Detections:
    """Chooses detections from the head of one picture, (4 + classes, anchors): centre, size, one score a class."""
    scores = head[4:].max(axis=0)
    candidates = np.flatnonzero(scores > options.confidence)
    classes = head[4:, candidates].argmax(axis=0)
    if options.classes is not None:
        wanted = np.isin(classes, options.classes)
        candidates, classes = candidates[wanted], classes[wanted]
    # A stable order makes ties, and with them the answer, the same every time.
    order = np.argsort(-scores[candidates], kind="stable")[:MAX_CANDIDATES]
    candidates, classes = candidates[order], classes[order]
    boxes = _corners(head[:4, candidates])
    kept = _suppress(boxes, classes, options.iou, options.max_detections)
    return Detections(boxes[kept], scores[candidates[kept]], classes[kept])


def _corners(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    """(4, n) of centre x, centre y, width, height → (n, 4) of x1, y1, x2, y2."""
    centre, half = centred[:2], centred[2:] / 2
    return np.ascontiguousarray(np.concatenate((centre - half, centre + half)).T)


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
