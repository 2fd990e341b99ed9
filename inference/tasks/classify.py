"""What a whole picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from inference.errors import ModelError
from inference.preprocess import Letterbox

if TYPE_CHECKING:
    from inference.decode import Picture
    from inference.options import Options
    from inference.runtimes.network import Outputs


@dataclass(frozen=True)
class Classify:
    """A model that answers with one score a class, which add up to 1: (n, classes)."""

    options: ClassVar[tuple[str, ...]] = ("confidence", "max_detections", "classes")
    max_detections: ClassVar[int] = 5
    """As many as ultralytics tells of a picture (`top5`)."""

    name: str
    labels: tuple[str, ...]
    side: int
    """Of the square that the network takes, in pixels."""

    def place(self, width: int, height: int) -> Letterbox:
        """The middle of the picture, as large as a square can be."""
        return Letterbox.cover(width, height, self.side)

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless there is one score for each class."""
        scores, wanted = outputs[0], (1, len(self.labels))
        if len(outputs) != 1 or scores.shape != wanted or scores.dtype != np.float32:
            raise ModelError(
                f"{self.name} answers with {scores.dtype} of shape {scores.shape}; a model that classifies answers "
                f"with float32 of shape {wanted}. Export it with the labels that it was trained on."
            )

    def invented(self) -> Outputs:
        """The first class, quite surely."""
        scores = np.full((1, len(self.labels)), 0.1 / max(1, len(self.labels) - 1), np.float32)
        scores[0, 0] = 0.9
        return (scores,)

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """`classifications`, best first, each with `class_id`, `label` and `score`."""
        scores = outputs[0]
        wanted = np.flatnonzero(scores > options.confidence)
        if options.classes is not None:
            wanted = wanted[np.isin(wanted, options.classes)]
        # A stable order makes ties, and with them the answer, the same every time.
        best = wanted[np.argsort(-scores[wanted], kind="stable")[: options.max_detections]].tolist()
        return {
            "classifications": [
                {"class_id": class_id, "label": self.labels[class_id], "score": round(float(scores[class_id]), 5)}
                for class_id in best
            ]
        }
