from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from inference.bodies.json import read_json
from inference.bodies.request import Link
from inference.errors import InvalidBase64, InvalidOption, MissingImage, RequestError, TooManyPictures

PICTURE = b"\xff\xd8\xff some picture"
ENCODED = base64.b64encode(PICTURE).decode()


def body(*images: Any, **options: Any) -> bytes:
    return json.dumps({"images": list(images), **options}).encode()


def test_a_list_of_pictures_with_options_for_all() -> None:
    request = read_json(body({"image": ENCODED}, {"image_url": "s3://a/b"}, iou=0.3), {"iou": 1, "confidence": 0.1}, 2)
    assert request.pictures == (PICTURE, Link("s3://a/b"))
    assert (request.many, request.given) == (True, {"iou": 0.3, "confidence": 0.1})


def test_a_list_of_one_is_a_list() -> None:
    assert read_json(body({"image": ENCODED}), {}, 1).many


@pytest.mark.parametrize(
    ("picture", "error"),
    [
        ({"image": "?"}, InvalidBase64),
        ({}, MissingImage),
        ("text", MissingImage),
        (None, MissingImage),
        ({"image_url": 1}, MissingImage),
        ({"image_url": "https://example.com/\ud800"}, MissingImage),
        ({"image": ENCODED, "image_url": "https://example.com"}, MissingImage),
        ({"image": ENCODED, "iou": 0.5}, InvalidOption),
    ],
)
def test_one_wrong_picture_is_its_own_answer(picture: Any, error: type[RequestError]) -> None:
    first, second = read_json(body(picture, {"image": ENCODED}), {}, 2).pictures
    assert isinstance(first, error)
    assert second == PICTURE


@pytest.mark.parametrize(
    "document",
    [
        {"images": []},
        {"images": {}},
        {"images": "AAAA"},
        {"images": [{"image": ENCODED}], "image": ENCODED},
        {"images": [{"image": ENCODED}], "image_url": "https://example.com"},
    ],
)
def test_what_is_no_list_of_pictures(document: Any) -> None:
    with pytest.raises(MissingImage, match="images"):
        read_json(json.dumps(document).encode(), {}, 5)


def test_more_pictures_than_allowed() -> None:
    with pytest.raises(TooManyPictures, match="SLIPWAY_MAX_PICTURES"):
        read_json(body(*[{"image": ENCODED}] * 3), {}, 2)
