from __future__ import annotations

import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.bodies.npy import read_array
from inference.bodies.request import Pixels, parse_request
from inference.errors import InvalidArray, TooManyPictures

RGB = np.random.default_rng(1).integers(0, 256, (6, 8, 3), np.uint8)


def npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def pixels(body: bytes) -> list[Any]:
    found = []
    for picture in read_array(body, {}, 4).pictures:
        assert isinstance(picture, Pixels)
        found.append(picture.values)
    return found


@pytest.mark.parametrize("values", [RGB, np.asfortranarray(RGB), RGB[::-1]])
def test_colour(values: Any) -> None:
    request = parse_request(npy(values), "application/x-npy", "iou=0.5", 4)
    assert (request.many, request.given) == (False, {"iou": 0.5})
    np.testing.assert_array_equal(pixels(npy(values))[0], values)


def test_grey_becomes_colour() -> None:
    np.testing.assert_array_equal(pixels(npy(RGB[:, :, 0]))[0], np.stack([RGB[:, :, 0]] * 3, axis=2))


def test_grey_takes_no_more_memory_than_it_has() -> None:
    body = npy(np.zeros((1000, 1000), np.uint8))
    tracemalloc.start()
    assert pixels(body)[0].shape == (1000, 1000, 3)
    assert tracemalloc.get_traced_memory()[1] < 1_500_000  # BytesIO shares its bytes until they are written to
    tracemalloc.stop()


def test_several_pictures_of_one_size() -> None:
    values = np.stack([RGB, 255 - RGB])
    assert read_array(npy(values), {}, 2).many
    for found, wanted in zip(pixels(npy(values)), values, strict=True):
        np.testing.assert_array_equal(found, wanted)
    with pytest.raises(TooManyPictures):
        read_array(npy(values), {}, 1)


def test_an_array_is_known_by_its_bytes() -> None:
    assert isinstance(parse_request(npy(RGB), "application/octet-stream", "", 4).pictures[0], Pixels)


@pytest.mark.parametrize(
    "values",
    [
        RGB.astype(np.float32),
        RGB.astype(np.int8),
        RGB.astype(bool),
        RGB[..., :2],
        np.zeros((3, 6, 8), np.uint8),
        np.zeros((1, 2, 6, 8, 3), np.uint8),
        np.zeros((0, 8, 3), np.uint8),
        np.zeros(5, np.uint8),
        np.array(RGB.tobytes()),
    ],
)
def test_other_arrays_are_refused_with_what_is_wanted(values: Any) -> None:
    with pytest.raises(InvalidArray, match=r"uint8 of shape \(height, width, 3\)"):
        read_array(npy(values), {}, 4)


def test_nothing_is_unpickled() -> None:
    with pytest.raises(InvalidArray):
        read_array(npy(np.array([{"a": 1}], dtype=object)), {}, 4)


@pytest.mark.parametrize("shape", ["(99999, 99999, 3)", "(6, 8, 4)", "(6, 8)", "(-6, -8, 3)", "(6, 8, 3, 1e9)"])
def test_a_header_that_promises_something_else_takes_no_memory(shape: str) -> None:
    body = npy(RGB).replace(b"(6, 8, 3), }", f"{shape}, }}".encode())
    tracemalloc.start()
    with pytest.raises(InvalidArray):
        read_array(body, {}, 4)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: npy(RGB)[:10] + tail))
def test_any_bytes_are_an_array_or_a_sentence(body: bytes) -> None:
    try:
        read_array(body, {}, 4)
    except InvalidArray as error:
        assert str(error).endswith(".")
