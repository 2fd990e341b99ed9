"""Objects and their boxes: threshold, then non-maximum suppression within each class.

Follows ultralytics' `non_max_suppression` with its defaults: best class of each anchor only, at most 30,000 candidates,
at most 300 detections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from inference.errors import ModelError
from inference.preprocess import Letterbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.decode import Picture
    from inference.options import Options
    from inference.runtimes.network import Outputs

MAX_CANDIDATES: Final = 30_000


@dataclass(frozen=True)
class Detect:
    """A model whose head is (n, 4 + classes, anchors): centre, size, one score a class."""

    name: str
    labels: tuple[str, ...]
    side: int
    """Of the square that the network takes, in pixels."""

    def place(self, width: int, height: int) -> Letterbox:
        """All of the picture, grey around it."""
        return Letterbox.fit(width, height, self.side)

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless there is one raw head with a row for each class."""
        head, rows = outputs[0], 4 + len(self.labels)
        if len(outputs) != 1 or head.ndim != 3 or head.shape[:2] != (1, rows) or head.dtype != np.float32:
            raise ModelError(
                f"{self.name} answers with {head.dtype} of shape {head.shape}; a raw head of {len(self.labels)} "
                f"classes is float32 of shape (1, {rows}, anchors). Export it without NMS, with the labels that it was "
                "trained on."
            )

    def invented(self) -> Outputs:
        """An object of the first class in the middle, a quarter of the square."""
        head = np.zeros((1, 4 + len(self.labels), 1), np.float32)
        head[0, :5, 0] = (self.side / 2, self.side / 2, self.side / 2, self.side / 2, 0.9)
        return (head,)

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """`detections`, best first, each with `class_id`, `label`, `score` and `box` as x1, y1, x2, y2."""
        found = choose(outputs[0], options)
        boxes = letterbox.boxes_to_picture(found.boxes, picture.width, picture.height)
        rows = zip(found.classes.tolist(), found.scores.tolist(), boxes.tolist(), strict=True)
        return {
            "detections": [
                {
                    "class_id": class_id,
                    "label": self.labels[class_id],
                    "score": round(score, 5),
                    "box": [round(edge, 2) for edge in box],
                }
                for class_id, score, box in rows
            ]
        }


@dataclass(frozen=True)
class Detections:
    """Found objects, best score first."""

    boxes: NDArray[np.float32]
    """(n, 4) as x1, y1, x2, y2."""
    scores: NDArray[np.float32]
    classes: NDArray[np.intp]


def choose(head: NDArray[np.float32], options: Options) -> Detections:
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
