from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.bodies.request import Link, Request, parse_request
from inference.errors import (
    EmptyBody,
    InvalidBase64,
    InvalidJson,
    InvalidOption,
    MissingImage,
    RequestError,
)

PICTURE = b"\xff\xd8\xff some picture"
ENCODED = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "content_type",
    ["image/jpeg", "image/png", "application/x-image", "application/octet-stream", "", "text/plain; charset=x"],
)
def test_a_picture_is_taken_whatever_it_is_called(content_type: str) -> None:
    assert parse_request(PICTURE, content_type, "", 4) == Request((PICTURE,), False, {})


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/plain", ""])
@pytest.mark.parametrize("image", [ENCODED, f"data:image/jpeg;base64,{ENCODED}", ENCODED[:8] + "\r\n" + ENCODED[8:]])
def test_json_with_base64(content_type: str, image: str) -> None:
    body = json.dumps({"image": image, "iou": 0.5}).encode()
    assert parse_request(body, content_type, "", 4) == Request((PICTURE,), False, {"iou": 0.5})


def test_json_with_a_url() -> None:
    body = b'{"image_url": "https://example.com/a.jpg"}'
    wanted = Request((Link("https://example.com/a.jpg"),), False, {})
    assert parse_request(body, "application/json", "", 4) == wanted


def test_options_of_the_body_win_over_the_header() -> None:
    body = json.dumps({"image": ENCODED, "confidence": 0.9}).encode()
    given = parse_request(body, "application/json", "confidence=0.1;iou=0.2", 4).given
    assert given == {"confidence": 0.9, "iou": 0.2}
    assert parse_request(PICTURE, "image/jpeg", "confidence=0.1", 4).given == {"confidence": 0.1}


@pytest.mark.parametrize(
    ("body", "content_type", "error"),
    [
        (b"", "image/jpeg", EmptyBody),
        (b"", "application/json", EmptyBody),
        (b"not json", "application/json", InvalidJson),
        (b"\xff\xfe\x00", "application/json", InvalidJson),
        (b"[1, 2]", "application/json", InvalidJson),
        (b"null", "application/json", InvalidJson),
        (b"[" * 100_000, "application/json", InvalidJson),
        (b"{}", "application/json", MissingImage),
        (b'{"image": null}', "application/json", MissingImage),
        (b'{"image": "AAAA", "image_url": "https://example.com"}', "application/json", MissingImage),
        (b'{"image_url": 5}', "application/json", MissingImage),
        (b'{"image": 5}', "application/json", InvalidBase64),
        (b'{"image": "???"}', "application/json", InvalidBase64),
        (b'{"image": "AAAAA"}', "application/json", InvalidBase64),
        ('{"image": "ÄÄÄÄ"}'.encode(), "application/json", InvalidBase64),
        (b'{"image": ""}', "application/json", EmptyBody),
        (b'{"image": "AAAA", "confidense": 0.5}', "application/json", InvalidOption),
    ],
)
def test_wrong_bodies(body: bytes, content_type: str, error: type[RequestError]) -> None:
    with pytest.raises(error) as raised:
        parse_request(body, content_type, "", 4)
    assert str(raised.value).endswith(".")


Json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
Fields = st.sampled_from(["image", "image_url", "images", "confidence", "classes", "other"])


@given(
    st.binary()
    | Json.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(Fields, Json).map(lambda v: json.dumps(v).encode())
)
def test_any_body_is_a_request_or_a_sentence(body: bytes) -> None:
    for content_type in ("application/json", "image/jpeg"):
        try:
            request: Any = parse_request(body, content_type, "", 4)
        except RequestError as error:
            assert 400 <= error.status < 500
        else:
            assert request.pictures
