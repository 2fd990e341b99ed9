from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.resize import interpolate


def reference(source: NDArray[np.uint8], width: int, height: int) -> NDArray[np.float64]:
    """Interpolation between four neighbours with pixel centres aligned, as OpenCV documents INTER_LINEAR."""
    rows, columns = source.shape[:2]
    out = np.zeros((3, height, width))
    for y in range(height):
        fy = min(max((y + 0.5) * rows / height - 0.5, 0), rows - 1)
        for x in range(width):
            fx = min(max((x + 0.5) * columns / width - 0.5, 0), columns - 1)
            x0, y0 = int(fx), int(fy)
            x1, y1 = min(x0 + 1, columns - 1), min(y0 + 1, rows - 1)
            top = source[y0, x0] * (1 - fx + x0) + source[y0, x1] * (fx - x0)
            bottom = source[y1, x0] * (1 - fx + x0) + source[y1, x1] * (fx - x0)
            out[:, y, x] = (top * (1 - fy + y0) + bottom * (fy - y0)) / 255
    return out


@pytest.mark.parametrize("given", [(64, 48), (100, 37), (31, 17), (200, 150), (3, 2), (1, 1)])
@pytest.mark.parametrize("wanted", [(64, 40), (33, 17), (1, 5)])
def test_pixels_are_interpolated_as_opencv_does(given: tuple[int, int], wanted: tuple[int, int]) -> None:
    source = np.random.default_rng(3).integers(0, 256, (given[1], given[0], 3), np.uint8)
    planes = np.empty((3, wanted[1], wanted[0]), np.float32)
    interpolate(source, planes)
    assert np.max(np.abs(planes - reference(source, *wanted))) < 1e-6


def test_a_turned_picture_and_a_part_of_a_canvas_will_do() -> None:
    source = np.random.default_rng(4).integers(0, 256, (30, 20, 3), np.uint8)
    canvas = np.full((3, 50, 60), 7, np.float32)
    turned = source.transpose(1, 0, 2)[:, ::-1]
    interpolate(turned, canvas[:, 5:45, 10:55])
    assert np.max(np.abs(canvas[:, 5:45, 10:55] - reference(turned, 45, 40))) < 1e-6
    canvas[:, 5:45, 10:55] = 7
    assert (canvas == 7).all()


def test_a_very_wide_picture_takes_little_memory_and_is_the_same_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    source = np.random.default_rng(5).integers(0, 256, (3, 200_000, 3), np.uint8)
    narrowed, whole = np.empty((3, 2, 640), np.float32), np.empty((3, 2, 640), np.float32)
    tracemalloc.start()
    interpolate(source, narrowed)
    assert tracemalloc.get_traced_memory()[1] < source.nbytes
    tracemalloc.stop()
    monkeypatch.setattr("inference.resize.WIDE", 10**9)
    interpolate(source, whole)
    assert np.array_equal(narrowed, whole)
