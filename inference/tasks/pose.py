"""Objects and their keypoints: the joints of a body, the corners of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.tasks.boxes import choose
from inference.tasks.detect import Detect

if TYPE_CHECKING:
    from inference.decode import Picture
    from inference.options import Options
    from inference.preprocess import Letterbox
    from inference.runtimes.network import Outputs


@dataclass(frozen=True)
class Pose(Detect):
    """A model whose head says beyond the box where each keypoint is, in pixels of the input, and how surely."""

    keypoint_shape: tuple[int, int]
    """How many keypoints, and how many numbers for each: 2 for x and y, 3 with a score."""

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless there is one raw head with rows for classes and keypoints."""
        count, numbers = self.keypoint_shape
        self._check(outputs, [(1, 4 + len(self.labels) + count * numbers, None)])

    def invented(self) -> Outputs:
        """An object of the first class in the middle, its keypoints on a ring inside it."""
        count, numbers = self.keypoint_shape
        turns = np.linspace(0, 2 * np.pi, count, endpoint=False)
        ring = self.side / 2 + self.side / 5 * np.stack((np.cos(turns), np.sin(turns)), axis=1)
        keypoints = np.concatenate((ring, np.full((count, 1), 0.9)), axis=1)[:, :numbers]
        return (self._invented(*keypoints.ravel().tolist()),)

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """As for boxes, and `keypoints`: x, y and score of each; without a score where the model gives none."""
        found = choose(outputs[0], len(self.labels), options)
        detections = self._listed(found, letterbox.boxes_to_picture(found.boxes, picture.width, picture.height))
        keypoints = found.extras.reshape(len(detections), *self.keypoint_shape)
        places = letterbox.points_to_picture(keypoints[..., :2], picture.width, picture.height).round(2)
        scores = keypoints[..., 2:].astype(float).round(5)
        for one, joined in zip(detections, np.concatenate((places.astype(float), scores), axis=2), strict=True):
            one["keypoints"] = [[round(x, 2), round(y, 2), *score] for x, y, *score in joined.tolist()]
        return {"detections": detections}
