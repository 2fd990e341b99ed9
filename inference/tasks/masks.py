"""The mask of one object: a smooth surface over its box, positive where the object is.

As ultralytics makes it (`process_mask` with `upsample=True`): the prototypes weighted by the object's coefficients,
interpolated between their cells, cut to the box. It is kept as a surface, so that outlines need no grid of pixels and
a mask of the picture's size is as sharp as the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.tasks.rle import encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.decode import Picture
    from inference.preprocess import Letterbox

    Floats = NDArray[np.floating[Any]]

LEAST_AREA = 1.0
"""Square pixels of the picture: an outline around less is a speck."""


@dataclass(frozen=True)
class Mask:
    """A surface over the network's input; coordinates are its pixels."""

    heights: Floats
    """(rows, columns) of the cells in and around the box; between their centres it is interpolated."""
    columns: Floats
    """x of the centre of each column of cells."""
    rows: Floats
    """y of the centre of each row of cells."""
    box: tuple[float, float, float, float]
    """x1, y1, x2, y2, whole pixels: the mask ends here."""

    @classmethod
    def of(cls, coefficients: Floats, prototypes: Floats, box: Floats, letterbox: Letterbox) -> Mask:
        """From an object's coefficients (k) and box, and prototypes (k, rows, columns) over the network's input."""
        size = letterbox.across, letterbox.down
        centres = [
            (np.arange(cells, dtype=np.float32) + 0.5) * (pixels / cells)
            for cells, pixels in zip(prototypes.shape[:0:-1], size, strict=True)
        ]
        # Whole pixels, rounded as `crop_mask` takes them.
        x1, y1, x2, y2 = np.ceil(np.clip(box, 0, (*size, *size))).tolist()
        across, down = _around(centres[0], x1, x2), _around(centres[1], y1, y2)
        heights = np.tensordot(coefficients, prototypes[:, down, across], axes=1)
        return cls(heights, centres[0][across], centres[1][down], (x1, y1, x2, y2))

    def at(self, x: Floats, y: Floats) -> Floats:
        """Heights (len(y), len(x)) over the crossings of these columns and rows."""
        return _between(_between(self.heights.T, self.columns, x).T, self.rows, y)

    def is_empty(self) -> bool:
        """Whether no pixel of the input has its centre in the mask: ultralytics leaves such objects out."""
        x1, y1, x2, y2 = self.box
        x, y = np.arange(x1, x2, dtype=np.float32) + 0.5, np.arange(y1, y2, dtype=np.float32) + 0.5
        # A few pixels tell of nearly every mask that it is not.
        return not any((self.at(x[::step], y[::step]) > 0).any() for step in (8, 1))

    def outlines(self, letterbox: Letterbox, picture: Picture) -> list[list[list[float]]]:
        """The outer outlines as polygons [[x, y], …] in the picture's pixels, largest first; holes are not told."""
        # Only masks need it.
        from contourpy import FillType, contour_generator  # noqa: PLC0415

        x1, y1, x2, y2 = self.box
        x1, x2 = max(x1, letterbox.left), min(x2, letterbox.left + letterbox.width)
        y1, y2 = max(y1, letterbox.top), min(y2, letterbox.top + letterbox.height)
        if x1 >= x2 or y1 >= y2:
            return []
        x, y = _with_ends(self.columns, x1, x2), _with_ends(self.rows, y1, y2)
        contours = contour_generator(x=x, y=y, z=self.at(x, y), name="serial", fill_type=FillType.OuterOffset)
        polygons = []
        for points, offsets in zip(*contours.filled(0, np.inf), strict=True):
            outer = np.asarray(points[: offsets[1] - 1], np.float32)
            polygon = letterbox.points_to_picture(outer, picture.width, picture.height)
            polygons.append((_area(polygon), _without_straight(polygon)))
        polygons.sort(key=lambda one: -one[0])
        return [
            [[round(across, 2), round(down, 2)] for across, down in polygon.tolist()]
            for area, polygon in polygons
            if area >= LEAST_AREA
        ]

    def compressed(self, letterbox: Letterbox, picture: Picture) -> dict[str, Any]:
        """The mask in the picture's size, run-length encoded as COCO does: `size` and `counts`."""
        x1, y1, x2, y2 = self.box
        gains = letterbox.gains(picture.width, picture.height)
        left, x = _pixels(x1, x2, letterbox.left, float(gains[0]), picture.width)
        top, y = _pixels(y1, y2, letterbox.top, float(gains[1]), picture.height)
        return encode(self.at(x, y) > 0, left, top, picture.width, picture.height)


def _around(centres: Floats, low: float, high: float) -> slice:
    """The cells between whose centres everything from low to high lies; at least one."""
    first = max(0, int(np.searchsorted(centres, low, "right")) - 1)
    last = min(len(centres) - 1, int(np.searchsorted(centres, high, "left")))
    return slice(first, last + 1)


def _between(heights: Floats, places: Floats, wanted: Floats) -> Floats:
    """Rows of `heights`, which are at these places, interpolated at the wanted ones; beyond the ends as at the ends."""
    position = np.interp(wanted, places, np.arange(len(places))).astype(np.float32)
    before = np.minimum(position.astype(np.intp), max(0, len(places) - 2))
    after = np.minimum(before + 1, len(places) - 1)
    share = (position - before)[:, None]
    between: Floats = heights[before] * (1 - share) + heights[after] * share
    return between


def _with_ends(centres: Floats, low: float, high: float) -> Floats:
    inside = centres[(centres > low) & (centres < high)]
    return np.concatenate(([low], inside, [high])).astype(np.float32)


def _pixels(low: float, high: float, offset: int, gain: float, count: int) -> tuple[int, Floats]:
    """The picture's pixels with their centres from low to high: the first one's number, and the centres."""
    first = max(0, int(np.ceil((low - offset) / gain - 0.5)))
    last = min(count, int(np.ceil((high - offset) / gain - 0.5)))
    return first, ((np.arange(first, max(first, last)) + 0.5) * gain + offset).astype(np.float32)


def _area(polygon: Floats) -> float:
    x, y = polygon.astype(np.float64).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _without_straight(polygon: Floats) -> Floats:
    """Without the points that lie on the line between their neighbours."""
    to, on = polygon - np.roll(polygon, 1, axis=0), np.roll(polygon, -1, axis=0) - polygon
    return polygon[np.abs(to[:, 0] * on[:, 1] - to[:, 1] * on[:, 0]) > 1e-3]
