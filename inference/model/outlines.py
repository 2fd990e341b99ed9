"""A mask of pixels as polygons, for those who compare without numpy."""

import numpy as np
from numpy.typing import NDArray

Polygon = list[tuple[float, float]]


def outlines(mask: NDArray[np.bool_]) -> list[Polygon]:
    """The outer outlines of a mask (height, width), in its pixels; holes are left out."""
    from contourpy import FillType, contour_generator  # noqa: PLC0415

    height, width = mask.shape
    # A ring of nothing, so that a mask that ends with the picture is closed.
    padded = np.pad(mask.astype(np.float32), 1)
    x, y = np.arange(width + 2) - 0.5, np.arange(height + 2) - 0.5
    contours = contour_generator(x=x, y=y, z=padded, name="serial", fill_type=FillType.OuterOffset)
    return [
        [(round(float(across), 1), round(float(down), 1)) for across, down in points[: offsets[1] - 1]]
        for points, offsets in zip(*contours.filled(0.5, np.inf), strict=True)
    ]
