from __future__ import annotations

import math
import time

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.decode import Picture
from inference.preprocess import Letterbox
from inference.tasks.masks import Mask
from inference.tasks.rle import decode

SIDE = 64
Floats = NDArray[np.float32]


def mask(surface: Floats, box: tuple[float, float, float, float] = (0, 0, SIDE, SIDE)) -> Mask:
    """A mask of one prototype."""
    return Mask.of(np.ones(1, np.float32), surface[None].astype(np.float32), np.array(box, np.float32), seen()[0])


def seen(width: int = SIDE, height: int = SIDE) -> tuple[Letterbox, Picture]:
    return Letterbox.fit(width, height, SIDE), Picture(np.zeros((1, 1, 3), np.uint8), width, height, 1)


def centres(cells: int) -> Floats:
    return ((np.arange(cells) + 0.5) * SIDE / cells).astype(np.float32)


def disc(cells: int, radius: float) -> Floats:
    offsets = centres(cells) - SIDE / 2
    surface: Floats = radius**2 - offsets[None] ** 2 - offsets[:, None] ** 2
    return surface


def area(polygon: list[list[float]]) -> float:
    x, y = np.array(polygon).T
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def upsampled(surface: Floats, factor: int) -> NDArray[np.float64]:
    """Bilinear, pixel centres aligned, ends repeated: PyTorch's `interpolate(mode="bilinear")`, a pixel at a time."""
    rows, columns = surface.shape
    out = np.zeros((rows * factor, columns * factor))
    for y, x in np.ndindex(*out.shape):
        fy, fx = max((y + 0.5) / factor - 0.5, 0), max((x + 0.5) / factor - 0.5, 0)
        y0, x0 = int(fy), int(fx)
        y1, x1 = min(y0 + 1, rows - 1), min(x0 + 1, columns - 1)
        top = surface[y0, x0] * (1 - fx + x0) + surface[y0, x1] * (fx - x0)
        bottom = surface[y1, x0] * (1 - fx + x0) + surface[y1, x1] * (fx - x0)
        out[y, x] = top * (1 - fy + y0) + bottom * (fy - y0)
    return out


@pytest.mark.parametrize("box", [(0, 0, 64, 64), (10.3, 7.9, 41.5, 60.0), (-5, 30, 20, 90)])
def test_the_surface_is_interpolated_as_torch_does_and_cut_to_the_box(box: tuple[float, float, float, float]) -> None:
    surface = np.random.default_rng(5).normal(size=(16, 16)).astype(np.float32)
    whole = upsampled(surface, 4)
    x1, y1, x2, y2 = (math.ceil(edge) for edge in np.clip(box, 0, SIDE))
    found = mask(surface, box).at(*(np.arange(*ends, dtype=np.float32) + 0.5 for ends in ((x1, x2), (y1, y2))))
    assert np.abs(found - whole[y1:y2, x1:x2]).max() < 1e-5


def test_prototypes_are_weighted_by_the_coefficients() -> None:
    prototypes = np.stack([np.full((4, 4), value, np.float32) for value in (1, 10, 100)])
    made = Mask.of(np.array([2, -1, 0.5], np.float32), prototypes, np.array([0, 0, 64, 64], np.float32), seen()[0])
    assert made.at(np.array([3.0]), np.array([60.0])).tolist() == [[42.0]]


def test_a_slope_becomes_a_rectangle_that_ends_where_it_does() -> None:
    slope = np.tile(centres(16) - 20.5, (16, 1)).astype(np.float32)
    (polygon,) = mask(slope, (8.25, 10, 40.5, 50)).outlines(*seen())
    assert sorted(polygon) == [[20.5, 10], [20.5, 50], [41, 10], [41, 50]]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (32, 16), (640, 480), (300, 331)])
def test_outlines_and_pixels_are_of_the_picture_and_agree(width: int, height: int) -> None:
    made, (letterbox, picture) = mask(disc(16, 15)), seen(width, height)
    across, down = letterbox.gains(width, height)
    wanted = float(math.pi * 15**2 / across / down)
    (polygon,) = made.outlines(letterbox, picture)
    pixels = decode(made.compressed(letterbox, picture))
    assert pixels.shape == (height, width)
    tolerance = 0.03 * wanted + 2 * math.sqrt(wanted)
    assert area(polygon) == pytest.approx(wanted, abs=tolerance)
    assert float(np.sum(pixels)) == pytest.approx(wanted, abs=tolerance)
    assert np.array(polygon).mean(axis=0).tolist() == pytest.approx(
        [width / 2, height / 2], abs=0.02 * max(width, height)
    )
    assert np.argwhere(pixels).mean(axis=0).tolist() == pytest.approx([height / 2 - 0.5, width / 2 - 0.5], abs=0.6)


def test_parts_are_told_largest_first_and_a_hole_is_not_told() -> None:
    ring = -np.abs(disc(32, 14) - 40).astype(np.float32) + 80
    ring[1:5, 1:5] = 50
    big, small = mask(ring).outlines(*seen())
    assert area(big) > area(small) > 20
    x, y = np.array(big).T
    assert np.hypot(x - 32, y - 32).min() > 13


def test_a_speck_of_less_than_a_pixel_is_not_told() -> None:
    specks = np.full((16, 16), -1, np.float32)
    specks[2, 2], specks[10, 10] = 0.05, 1
    (told,) = mask(specks).outlines(*seen())
    assert min(x for x, _ in told) > 35
    assert len(mask(specks).outlines(*seen(640, 640))) == 2


def test_pixels_are_in_where_their_centres_are() -> None:
    made = mask(np.ones((16, 16), np.float32), (10.4, 20.6, 30.4, 40.6))
    inside = np.argwhere(decode(made.compressed(*seen())))
    assert inside.min(axis=0).tolist() == [21, 11]
    assert inside.max(axis=0).tolist() == [40, 30]
    larger = np.argwhere(decode(made.compressed(*seen(160, 160))))
    # From 11 and 21 of 64 pixels, which is 27.5 and 52.5 of 160: the pixel whose centre lies there is in.
    assert larger.min(axis=0).tolist() == [52, 27]
    assert larger.max(axis=0).tolist() == [101, 76]


def test_what_lies_in_the_grey_around_the_picture_is_not_told() -> None:
    letterbox, picture = seen(64, 32)
    (polygon,) = mask(np.ones((16, 16), np.float32)).outlines(letterbox, picture)
    assert sorted(polygon) == [[0, 0], [0, 32], [64, 0], [64, 32]]
    assert mask(np.ones((16, 16), np.float32), (0, 0, 64, 10)).outlines(letterbox, picture) == []


def test_a_mask_without_the_centre_of_a_pixel_is_empty() -> None:
    flat = np.full((16, 16), -1, np.float32)
    assert mask(flat).is_empty()
    assert not mask(np.ones((16, 16), np.float32), (10.2, 10.2, 11.5, 11.5)).is_empty()
    assert mask(np.ones((16, 16), np.float32), (10.2, 10.2, 10.9, 30)).is_empty()
    assert mask(np.ones((16, 16), np.float32), (30, 30, 30, 30)).is_empty()
    assert mask(np.ones((16, 16), np.float32), (70, 30, 90, 40)).is_empty()
    # Only the very centre of a cell is positive, and pixels lie beside it.
    peak = flat * 10
    peak[8, 8] = 0.1
    assert mask(peak).is_empty()


def test_prototypes_lie_over_a_rectangle_as_over_the_square_that_holds_it() -> None:
    surface = np.random.default_rng(2).normal(size=(16, 16)).astype(np.float32)
    square, rectangle = (Letterbox.fit(64, 32, SIDE, rectangular=rectangular) for rectangular in (False, True))
    assert (square.top, rectangle.top, rectangle.down) == (16, 0, 32)
    box = np.array([20, 0, 60, 32], np.float32)
    picture = Picture(np.zeros((1, 1, 3), np.uint8), 64, 32, 1)
    one = np.ones(1, np.float32)
    cut = Mask.of(one, surface[None, 4:12], box, rectangle)
    # Beyond the first and last cell there is nothing to interpolate with, so the rows at the ends may differ.
    whole = Mask.of(one, surface[None], box + np.array([0, 16, 0, 16], np.float32), square)
    rows = np.arange(2, 30, dtype=np.float32) + 0.5
    columns = np.arange(20, 60, dtype=np.float32) + 0.5
    assert np.array_equal(cut.at(columns, rows), whole.at(columns, rows + 16))
    assert cut.box == (20, 0, 60, 32)
    assert cut.outlines(rectangle, picture)


def test_an_object_takes_milliseconds() -> None:
    prototypes = np.random.default_rng(0).normal(size=(32, 160, 160)).astype(np.float32)
    coefficients = np.zeros(32, np.float32)
    offsets = (np.arange(160) - 80) / 80
    prototypes[0], coefficients[0] = 0.8 - offsets[None] ** 2 - offsets[:, None] ** 2, 1
    letterbox, picture = Letterbox.fit(1280, 960, 640), Picture(np.zeros((1, 1, 3), np.uint8), 1280, 960, 1)
    start = time.process_time()
    for _ in range(3):
        made = Mask.of(coefficients, prototypes, np.array([100, 100, 400, 400], np.float32), letterbox)
        assert not made.is_empty()
        assert made.outlines(letterbox, picture)
    assert (time.process_time() - start) / 3 < 0.05
