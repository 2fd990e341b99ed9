"""Objects and their boxes, and what every model that finds objects has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from inference.errors import ModelError
from inference.options import MAX_DETECTIONS
from inference.preprocess import Letterbox
from inference.tasks.boxes import Found, choose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from inference.decode import Picture
    from inference.options import Options
    from inference.runtimes.network import Outputs


@dataclass(frozen=True)
class Detect:
    """A model whose head is (n, 4 + classes + extras, anchors): centre, size, one score a class, and what a task adds.

    For boxes alone there are no extras.
    """

    options: ClassVar[tuple[str, ...]] = ("confidence", "iou", "max_detections", "classes")
    max_detections: ClassVar[int] = MAX_DETECTIONS

    name: str
    labels: tuple[str, ...]
    side: int
    """The longest of the network's input, in pixels."""
    rectangular: bool
    """Whether the input is no larger than the picture needs; else it is a square."""

    def place(self, width: int, height: int) -> Letterbox:
        """All of the picture, grey around it."""
        return Letterbox.fit(width, height, self.side, rectangular=self.rectangular)

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless there is one raw head with a row for each class."""
        self._check(outputs, [(1, 4 + len(self.labels), None)])

    def invented(self) -> Outputs:
        """An object of the first class in the middle, a quarter of the square."""
        return (self._invented(),)

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """`detections`, best first, each with `class_id`, `label`, `score` and `box` as x1, y1, x2, y2."""
        found = choose(outputs[0], len(self.labels), options)
        return {
            "detections": self._listed(found, letterbox.boxes_to_picture(found.boxes, picture.width, picture.height))
        }

    def _check(self, outputs: Outputs, wanted: Sequence[tuple[int | None, ...]]) -> None:
        """Raises ModelError unless the outputs have these shapes; None stands for any number."""
        given = [output.shape for output in outputs]
        fits = len(given) == len(wanted) and all(
            len(shape) == len(sizes) and all(size in (None, side) for size, side in zip(sizes, shape, strict=True))
            for shape, sizes in zip(given, wanted, strict=True)
        )
        if not fits or any(output.dtype != np.float32 for output in outputs):
            told = " and ".join(f"{output.dtype} of shape {output.shape}" for output in outputs)
            shapes = " and ".join(str(sizes).replace("None", "any") for sizes in wanted)
            raise ModelError(
                f"{self.name} answers with {told}; a raw head of {len(self.labels)} classes for this task is float32 "
                f"of shape {shapes}. Export it without NMS, with the labels that it was trained on."
            )

    def _invented(self, *extras: float) -> NDArray[np.float32]:
        """A head of one anchor: the first class in the middle, a quarter of the square."""
        head = np.zeros((1, 4 + len(self.labels) + len(extras), 1), np.float32)
        head[0, :5, 0] = (self.side / 2, self.side / 2, self.side / 2, self.side / 2, 0.9)
        head[0, 4 + len(self.labels) :, 0] = extras
        return head

    def _listed(self, found: Found, boxes: NDArray[np.float32]) -> list[dict[str, Any]]:
        """What is said of every object, with its box in pixels of the picture."""
        rows = zip(found.classes.tolist(), found.scores.tolist(), boxes.tolist(), strict=True)
        return [
            {
                "class_id": class_id,
                "label": self.labels[class_id],
                "score": round(score, 5),
                "box": [round(edge, 2) for edge in box],
            }
            for class_id, score, box in rows
        ]
