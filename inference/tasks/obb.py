"""Objects and boxes that are turned as they are (oriented bounding boxes)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.tasks import rotated
from inference.tasks.boxes import candidates
from inference.tasks.detect import Detect

if TYPE_CHECKING:
    from inference.decode import Picture
    from inference.options import Options
    from inference.preprocess import Letterbox
    from inference.runtimes.network import Outputs


@dataclass(frozen=True)
class Obb(Detect):
    """A model whose head says beyond the box by how many radians it is turned."""

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless there is one raw head with rows for classes and angle."""
        self._check(outputs, [(1, 4 + len(self.labels) + 1, None)])

    def invented(self) -> Outputs:
        """An object of the first class in the middle, turned by 30 degrees."""
        return (self._invented(math.pi / 6),)

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """As for boxes, and of each the box as it is turned: `corners`, `center`, `size` and `angle`.

        `angle` is radians from 0 to below π/2 by which `size`'s width is turned clockwise. Corners may lie outside of
        the picture; `box` is the part inside of what encloses them.
        """
        found = candidates(outputs[0], len(self.labels), options)
        boxes = np.concatenate((found.boxes, found.extras), axis=1)
        kept = rotated.suppress(boxes, found.classes, options.iou, options.max_detections)
        found, boxes = found.only(kept), rotated.regularized(boxes[kept])
        boxes[:, :2] = letterbox.points_to_picture(boxes[:, :2], picture.width, picture.height, clip=False)
        boxes[:, 2:4] /= letterbox.gains(picture.width, picture.height)
        corners = rotated.corners(boxes)
        hulls = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
        detections = self._listed(found, np.clip(hulls, 0, [picture.width, picture.height] * 2))
        for one, around, (x, y, width, height, angle) in zip(detections, corners.tolist(), boxes.tolist(), strict=True):
            one["corners"] = [[round(across, 2), round(down, 2)] for across, down in around]
            one["center"] = [round(x, 2), round(y, 2)]
            one["size"] = [round(width, 2), round(height, 2)]
            one["angle"] = round(angle, 5)
        return {"detections": detections}
