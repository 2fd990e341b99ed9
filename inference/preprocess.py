"""From pixels to the network's input, and from its coordinates back to the picture's: the letterbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from inference.decode import Picture
from inference.modelfiles import STRIDE
from inference.resize import interpolate

if TYPE_CHECKING:
    from numpy.typing import NDArray

PADDING: Final = 114


@dataclass(frozen=True)
class Letterbox:
    """How a picture lies in the network's input: scaled by `gain`, centred, grey around it or its ends cut off.

    What is cut off has a negative `left` or `top`.
    """

    gain: float
    width: int
    height: int
    left: int
    top: int
    across: int
    """Width of the input in pixels."""
    down: int
    """Its height."""
    averaging: bool = False
    """Scaled down by the mean of all pixels, not by interpolation between four of them."""

    @classmethod
    def fit(cls, width: int, height: int, side: int, *, rectangular: bool = False) -> Letterbox:
        """All of a picture of this size in a square of `side` pixels, or in the smallest rectangle of whole strides.

        A picture of 4 : 3 fills three quarters of the square: the rest is grey that the network need not look at.
        Scale, size and padding are rounded as by ultralytics' LetterBox (auto=rectangular, scaleup=True, center=True).
        """
        gain = min(side / height, side / width)
        # A picture thinner than 1 : 2 x side would vanish; ultralytics fails there.
        new_width, new_height = max(1, round(width * gain)), max(1, round(height * gain))
        spare_width, spare_height = side - new_width, side - new_height
        if rectangular:
            spare_width, spare_height = spare_width % STRIDE, spare_height % STRIDE
        left, top = round(spare_width / 2 - 0.1), round(spare_height / 2 - 0.1)
        return cls(gain, new_width, new_height, left, top, new_width + spare_width, new_height + spare_height)

    @classmethod
    def cover(cls, width: int, height: int, side: int) -> Letterbox:
        """The middle of a picture of this size, filling a square of `side` pixels.

        Rounded as by torchvision's Resize and CenterCrop, which ultralytics classifies with (`classify_transforms`).
        """
        shorter = min(width, height)
        new_width, new_height = int(side * width / shorter), int(side * height / shorter)
        left, top = -round((new_width - side) / 2), -round((new_height - side) / 2)
        return cls(side / shorter, new_width, new_height, left, top, side, side, averaging=True)

    def gains(self, width: int, height: int) -> NDArray[np.float32]:
        """Pixels of the input for each of the picture's, across and down: rounding makes them differ."""
        return np.array([self.width / width, self.height / height], np.float32)

    def points_to_picture(
        self, points: NDArray[np.floating[Any]], width: int, height: int, *, clip: bool = True
    ) -> NDArray[np.float32]:
        """Points (…, 2) of the input → the picture's pixels, clipped unless told otherwise (as scale_coords)."""
        placed = (points.astype(np.float32) - np.array([self.left, self.top], np.float32)) / self.gains(width, height)
        return np.clip(placed, 0, np.array([width, height], np.float32)) if clip else placed

    def boxes_to_picture(self, boxes: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
        """Boxes (n, 4) as x1, y1, x2, y2 of the input → the picture's pixels, clipped (as scale_boxes)."""
        return self.points_to_picture(boxes.reshape(-1, 2, 2), width, height).reshape(-1, 4)


def preprocess(picture: Picture, box: Letterbox) -> NDArray[np.float32]:
    """The network's input (1, 3, down, across), RGB from 0 to 1, with the picture placed in it."""
    batch = np.full((1, 3, box.down, box.across), PADDING / 255, np.float32)
    planes = batch[0, :, max(0, box.top) : box.top + box.height, max(0, box.left) : box.left + box.width]
    pixels = _averaged(picture.pixels, box) if box.averaging else picture.pixels
    if pixels.shape[:2] == planes.shape[1:]:
        np.divide(pixels.transpose(2, 0, 1), np.float32(255), out=planes)
    else:
        interpolate(pixels, planes)
    return batch


def _averaged(pixels: NDArray[np.uint8], box: Letterbox) -> NDArray[np.uint8]:
    """The part that lies in the input; pixels around it count at its edges, as if it were cut out afterwards."""
    height, width = pixels.shape[:2]
    across, down = width / box.width, height / box.height
    part = (-box.left * across, -box.top * down, (box.across - box.left) * across, (box.down - box.top) * down)
    return np.asarray(Image.fromarray(pixels).resize((box.across, box.down), Image.Resampling.BILINEAR, box=part))
