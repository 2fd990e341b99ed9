"""Interpolation between four neighbours, as OpenCV's INTER_LINEAR: the way in which YOLO's pictures are resized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS: Final = 16
"""Worked on at a time: what they take stays in the processor's cache, which halves the time."""
WIDE: Final = 16
"""Times as wide as what is wanted: columns that nothing is made of are left out then, of a single row millions."""


def interpolate(pixels: NDArray[np.uint8], planes: NDArray[np.float32]) -> None:
    """Resizes (h, w, 3) pixels into three planes (3, height, width) of numbers from 0 to 1.

    Centres of pixels are aligned and edges repeated. Nothing is rounded between the steps: OpenCV's answer differs by
    half a level of 255, that of its own rounding.
    """
    height, width = planes.shape[1:]
    upper, lower, down = _neighbours(pixels.shape[0], height)
    left, right, across = _neighbours(pixels.shape[1], width)
    if pixels.shape[1] > WIDE * width:
        pixels = pixels[:, np.stack((left, right), axis=1).ravel()]
        left, right = np.arange(0, 2 * width, 2), np.arange(1, 2 * width, 2)
    of_lower = down[:, None] / np.float32(255)
    of_upper = np.float32(1 / 255) - of_lower
    rows = pixels.reshape(len(pixels), -1)
    for first in range(0, height, ROWS):
        part = slice(first, first + ROWS)
        above = np.multiply(rows[upper[part]], of_upper[part], dtype=np.float32)
        below = np.multiply(rows[lower[part]], of_lower[part], dtype=np.float32)
        above += below
        mixed = np.ascontiguousarray(above.reshape(len(above), -1, 3).transpose(2, 0, 1))
        # `clip` is the quickest of take's modes; all indices are inside.
        start, end = mixed.take(left, 2, mode="clip"), mixed.take(right, 2, mode="clip")
        end -= start
        end *= across
        np.add(start, end, out=planes[:, part])


def _neighbours(given: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """For each wanted pixel the given ones before and after its centre, and the weight of the second."""
    centres = np.clip((np.arange(wanted) + 0.5) * given / wanted - 0.5, 0, given - 1)
    before = centres.astype(np.intp)
    return before, np.minimum(before + 1, given - 1), (centres - before).astype(np.float32)
