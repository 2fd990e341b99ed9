"""The drawn pictures: their labels are the truth that training, parity and the sample rest on."""

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.model import held, shapes

SIZES = [((160, 160), 1.0), ((320, 240), 1.0), ((640, 480), 2.0), ((192, 320), 1.0), ((160, 120), 0.5)]


def coloured(picture: shapes.Picture) -> NDArray[np.bool_]:
    """Which pixels are far more saturated than the background can be."""
    pixels = np.asarray(picture.image).astype(int)
    saturated: NDArray[np.bool_] = pixels.max(axis=2) - pixels.min(axis=2) > 75
    return saturated


def test_same_arguments_give_the_same_pixels() -> None:
    first, second = shapes.draw(3, 7), shapes.draw(3, 7)
    assert first.image.tobytes() == second.image.tobytes()
    assert first.shapes == second.shapes


@pytest.mark.parametrize("other", [(3, 8), (4, 7)])
def test_other_numbers_give_other_pictures(other: tuple[int, int]) -> None:
    assert shapes.draw(3, 7).image.tobytes() != shapes.draw(*other).image.tobytes()


@pytest.mark.parametrize(("size", "scale"), SIZES)
def test_shapes_lie_apart_inside_the_picture_and_are_neither_tiny_nor_huge(size: tuple[int, int], scale: float) -> None:
    for index in range(40):
        picture = shapes.draw(0, index, size, scale)
        assert picture.image.size == size
        assert picture.shapes
        for number, shape in enumerate(picture.shapes):
            x1, y1, x2, y2 = shape.box
            assert 0 < x1 < x2 < size[0]
            assert 0 < y1 < y2 < size[1]
            assert shapes.SMALLEST * scale <= x2 - x1 == y2 - y1 <= shapes.LARGEST * scale
            assert not any(shapes.overlap(shape.box, other.box) for other in picture.shapes[:number])


@pytest.mark.parametrize(("size", "scale"), SIZES)
def test_boxes_are_tight(size: tuple[int, int], scale: float) -> None:
    for index in range(20):
        picture = shapes.draw(1, index, size, scale)
        mask = coloured(picture)
        for shape in picture.shapes:
            x1, y1, x2, y2 = map(int, shape.box)
            rows, columns = np.nonzero(mask[y1 - 1 : y2 + 1, x1 - 1 : x2 + 1])
            found = (np.min(columns) - 1, np.min(rows) - 1, np.max(columns), np.max(rows))
            # A triangle's tip is thinner than a pixel, so its first rows hold no full colour.
            slack = (x2 - x1) * 0.15 if shape.label == "triangle" else 2
            assert found == pytest.approx((0, 0, x2 - x1, y2 - y1), abs=slack)


def test_nothing_but_the_labelled_shapes_is_coloured() -> None:
    for index in range(40):
        picture = shapes.draw(2, index)
        mask = coloured(picture)
        for shape in picture.shapes:
            x1, y1, x2, y2 = map(int, shape.box)
            mask[y1:y2, x1:x2] = False
        assert mask.mean() < 0.001


def test_a_label_says_colour_and_form() -> None:
    seen = set()
    for index in range(40):
        picture = shapes.draw(5, index)
        pixels = np.asarray(picture.image).astype(int)
        for shape in picture.shapes:
            x1, y1, x2, y2 = map(int, shape.box)
            assert pixels[(y1 + y2) // 2, (x1 + x2) // 2].argmax() == shapes.LABELS.index(shape.label)
            share = coloured(picture)[y1:y2, x1:x2].mean()
            assert share == pytest.approx({"circle": np.pi / 4, "square": 1, "triangle": 0.5}[shape.label], abs=0.08)
            seen.add(shape.label)
    assert seen == set(shapes.LABELS)


def test_held_pictures_look_to_the_network_like_those_it_was_trained_on() -> None:
    for wide, tall in held.PROPORTIONS:
        size = round(320 * wide), round(320 * tall)
        gain = 320 / max(size)
        for shape in shapes.draw(shapes.HELD_SEED, 0, size, max(wide, tall)).shapes:
            assert shapes.SMALLEST - 1 <= (shape.box[2] - shape.box[0]) * gain <= shapes.LARGEST + 1
