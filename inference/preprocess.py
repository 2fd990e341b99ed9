"""From pixels to the network's input, and from its coordinates back to the picture's: the letterbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from inference.decode import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING: Final = 114


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in the network's square: scaled by `gain`, centred, grey around it.

    Scale, size and padding are rounded as by ultralytics' LetterBox (auto=False, scaleup=True, center=True).
    """

    gain: float
    width: int
    height: int
    left: int
    top: int

    @classmethod
    def fit(cls, width: int, height: int, side: int) -> Letterbox:
        """The letterbox of a picture of this size in a square of `side` pixels."""
        gain = min(side / height, side / width)
        # A picture thinner than 1 : 2 x side would vanish; ultralytics fails there.
        new_width, new_height = max(1, round(width * gain)), max(1, round(height * gain))
        return cls(
            gain, new_width, new_height, round((side - new_width) / 2 - 0.1), round((side - new_height) / 2 - 0.1)
        )

    def boxes_to_picture(self, boxes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
        """Boxes (n, 4) as x1, y1, x2, y2 of the square → the picture's pixels, clipped (as scale_boxes)."""
        boxes = (boxes - np.array([self.left, self.top] * 2, np.float32)) / np.float32(self.gain)
        return np.clip(boxes, 0, np.array([width, height] * 2, np.float32))


def preprocess(picture: Picture, box: Letterbox, side: int) -> NDArray[np.float32]:
    """The network's input (1, 3, side, side), RGB from 0 to 1, with the picture placed in it."""
    canvas = np.full((side, side, 3), PADDING, np.uint8)
    canvas[box.top : box.top + box.height, box.left : box.left + box.width] = _resized(picture.pixels, box)
    planes = canvas.transpose(2, 0, 1)[None]
    return np.divide(planes, np.float32(255), dtype=np.float32, order="C")


def _resized(image: Image.Image, box: Letterbox) -> NDArray[np.uint8]:
    width, height = image.size
    if (width, height) != (box.width, box.height):
        # An affine map interpolates between four neighbours, as cv2.resize does; Image.resize would average.
        scale = (width / box.width, 0.0, 0.0, 0.0, height / box.height, 0.0)
        image = image.transform(
            (box.width, box.height), Image.Transform.AFFINE, scale, resample=Image.Resampling.BILINEAR
        )
    return np.asarray(image)
