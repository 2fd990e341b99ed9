from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from inference.decode import Picture
from inference.preprocess import PADDING, Letterbox, preprocess


def picture(pixels: NDArray[np.uint8], width: int | None = None, height: int | None = None) -> Picture:
    return Picture(pixels, width or pixels.shape[1], height or pixels.shape[0], 1)


def laid(picture: Picture, side: int) -> tuple[NDArray[np.float32], Letterbox]:
    box = Letterbox.fit(picture.width, picture.height, side)
    return preprocess(picture, box), box


def plain(width: int, height: int, value: int = 255) -> Picture:
    return picture(np.full((height, width, 3), value, np.uint8))


# As computed by ultralytics 8.4's LetterBox(auto=False, scaleup=True, center=True): content size, then left and top.
@pytest.mark.parametrize(
    ("size", "side", "content", "left_top"),
    [
        ((640, 480), 640, (640, 480), (0, 80)),
        ((480, 640), 640, (480, 640), (80, 0)),
        ((1920, 1080), 640, (640, 360), (0, 140)),
        ((640, 427), 640, (640, 427), (0, 106)),
        ((427, 640), 640, (427, 640), (106, 0)),
        ((500, 375), 320, (320, 240), (0, 40)),
        ((333, 500), 320, (213, 320), (53, 0)),
        ((32, 24), 320, (320, 240), (0, 40)),
        ((100, 100), 64, (64, 64), (0, 0)),
        ((1, 1), 64, (64, 64), (0, 0)),
        ((641, 639), 640, (640, 638), (0, 1)),
        ((10_000, 1), 64, (64, 1), (0, 31)),
        ((1, 10_000), 64, (1, 64), (31, 0)),
    ],
)
def test_the_letterbox_is_ultralytics(
    size: tuple[int, int], side: int, content: tuple[int, int], left_top: tuple[int, int]
) -> None:
    box = Letterbox.fit(*size, side)
    assert (box.width, box.height) == content
    assert (box.left, box.top) == left_top


# As computed by ultralytics 8.4's LetterBox(auto=True, stride=32): size of the input, then left and top.
@pytest.mark.parametrize(
    ("size", "side", "put_in", "left_top"),
    [
        ((640, 480), 640, (640, 480), (0, 0)),
        ((480, 640), 640, (480, 640), (0, 0)),
        ((1920, 1080), 640, (640, 384), (0, 12)),
        ((640, 427), 640, (640, 448), (0, 10)),
        ((427, 640), 640, (448, 640), (10, 0)),
        ((333, 500), 320, (224, 320), (5, 0)),
        ((100, 100), 64, (64, 64), (0, 0)),
        ((641, 639), 640, (640, 640), (0, 1)),
        ((10_000, 1), 64, (64, 32), (0, 15)),
    ],
)
def test_a_rectangle_is_as_small_as_ultralytics_makes_it(
    size: tuple[int, int], side: int, put_in: tuple[int, int], left_top: tuple[int, int]
) -> None:
    box = Letterbox.fit(*size, side, rectangular=True)
    assert (box.across, box.down) == put_in
    assert (box.left, box.top) == left_top
    assert preprocess(plain(*size), box).shape == (1, 3, box.down, box.across)


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([64, 320, 640]))
def test_a_rectangle_is_of_whole_strides_with_less_than_one_to_spare(width: int, height: int, side: int) -> None:
    box, square = Letterbox.fit(width, height, side, rectangular=True), Letterbox.fit(width, height, side)
    assert (box.gain, box.width, box.height) == (square.gain, square.width, square.height)
    for content, before, whole in ((box.width, box.left, box.across), (box.height, box.top, box.down)):
        assert whole % 32 == 0
        assert 0 <= before <= whole - content < 32


@given(st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([64, 320, 640]))
def test_the_content_always_lies_inside_and_touches_two_sides(width: int, height: int, side: int) -> None:
    box = Letterbox.fit(width, height, side)
    assert 0 <= box.left <= box.left + box.width <= side
    assert 0 <= box.top <= box.top + box.height <= side
    assert side in (box.width, box.height)


def test_the_input_is_planes_from_0_to_1_with_grey_around() -> None:
    pixels = np.zeros((32, 64, 3), np.uint8)
    pixels[:] = (255, 51, 0)
    batch, box = laid(picture(pixels), 64)
    assert (batch.shape, batch.dtype) == ((1, 3, 64, 64), np.dtype(np.float32))
    assert batch.flags.c_contiguous
    assert batch[0, :, 32, 32].tolist() == [1, np.float32(51) / np.float32(255), 0]
    assert (batch[0, :, : box.top] == np.float32(PADDING) / np.float32(255)).all()
    assert (batch[0, :, 48:] == np.float32(PADDING) / np.float32(255)).all()


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    source = np.random.default_rng(3).integers(0, 256, (64, 64, 3), np.uint8)
    batch, _ = laid(picture(source), 64)
    assert (np.rint(batch[0].transpose(1, 2, 0) * 255).astype(np.uint8) == source).all()


def test_a_picture_decoded_at_reduced_size_lies_where_the_whole_would() -> None:
    _, whole = laid(plain(4000, 3000), 320)
    batch, reduced = laid(picture(np.full((375, 500, 3), 255, np.uint8), 4000, 3000), 320)
    assert reduced == whole
    assert (batch[0, :, reduced.top : reduced.top + reduced.height] == 1).all()


@given(
    st.integers(1, 4000),
    st.integers(1, 4000),
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), min_size=1, max_size=5),
)
def test_boxes_come_back_to_where_they_were(
    width: int, height: int, shares: list[tuple[float, float, float, float]]
) -> None:
    box = Letterbox.fit(width, height, 320)
    wanted = np.array(shares, np.float32) * np.array([width, height] * 2, np.float32)
    in_square = wanted * np.tile(box.gains(width, height), 2) + np.array([box.left, box.top] * 2, np.float32)
    found = box.boxes_to_picture(in_square, width, height)
    assert np.abs(found - wanted).max() <= 1e-3 * max(width, height)
    assert found.dtype == np.float32


def test_the_content_s_edges_are_the_picture_s_although_its_size_was_rounded() -> None:
    box = Letterbox.fit(640, 427, 160)
    assert (box.top, box.height) == (26, 107)
    edges = np.array([[0, 26, 160, 26 + 107]], np.float32)
    assert box.boxes_to_picture(edges, 640, 427).tolist() == [[0, 0, 640, 427]]
    # Not clipped there: a little before the edge.
    assert box.boxes_to_picture(edges - 1, 640, 427)[0, 3] == pytest.approx(427 * 106 / 107, abs=1e-3)


def test_boxes_are_clipped_to_the_picture() -> None:
    box = Letterbox.fit(640, 480, 320)
    found = box.boxes_to_picture(np.array([[-10, -10, 400, 400]], np.float32), 640, 480)
    assert found.tolist() == [[0, 0, 640, 480]]


# As computed by torchvision 0.21's Resize(64) and CenterCrop(64): size of the whole, then what is cut off.
@pytest.mark.parametrize(
    ("size", "whole", "cut"),
    [
        ((640, 480), (85, 64), (10, 0)),
        ((480, 640), (64, 85), (0, 10)),
        ((64, 64), (64, 64), (0, 0)),
        ((100, 99), (64, 64), (0, 0)),
        ((653, 480), (87, 64), (12, 0)),
        ((30, 20), (96, 64), (16, 0)),
        ((1000, 333), (192, 64), (64, 0)),
    ],
)
def test_the_middle_is_where_torchvision_cuts_it(
    size: tuple[int, int], whole: tuple[int, int], cut: tuple[int, int]
) -> None:
    box = Letterbox.cover(*size, 64)
    assert (box.width, box.height) == whole
    assert (-box.left, -box.top) == cut


@pytest.mark.parametrize("size", [(64, 64), (200, 150), (150, 201), (90, 300), (20, 31)])
def test_the_middle_is_what_resizing_and_cutting_leaves(size: tuple[int, int]) -> None:
    source = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    box = Letterbox.cover(*size, 64)
    found = np.rint(preprocess(picture(source), box)[0].transpose(1, 2, 0) * 255)
    resized = Image.fromarray(source).resize((box.width, box.height), Image.Resampling.BILINEAR)
    wanted = np.asarray(resized.crop((-box.left, -box.top, 64 - box.left, 64 - box.top)), int)
    assert np.abs(found - wanted).max() <= 1


def test_a_picture_like_a_thread_is_not_made_larger_than_the_square() -> None:
    """Resized as a whole it would have 64 x 64 million pixels."""
    box = Letterbox.cover(1_000_000, 1, 64)
    assert preprocess(plain(1_000_000, 1), box).shape == (1, 3, 64, 64)
