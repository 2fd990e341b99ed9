from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.bodies.request import Link, Request, parse_request
from inference.errors import EmptyBody, InvalidForm, InvalidOption, MissingImage, RequestError, TooManyPictures

PICTURE = b"\xff\xd8\xff\r\n--picture\r\n"


def form(files: Any = None, **texts: str) -> tuple[bytes, str]:
    """What a well-known client makes of it."""
    request = httpx.Request("POST", "http://image", files=files or {}, data=texts)
    return request.read(), request.headers["Content-Type"]


def read(body: bytes, content_type: str, header: str = "", limit: int = 3) -> Request:
    return parse_request(body, content_type, header, limit)


def test_a_file_is_a_picture_and_texts_are_options() -> None:
    request = read(*form({"file": ("a.jpg", PICTURE)}, confidence="0.5", classes="circle,1"), "confidence=0.1;iou=0.2")
    assert (request.pictures, request.many) == ((PICTURE,), False)
    assert request.given == {"confidence": 0.5, "iou": 0.2, "classes": ["circle", 1]}


def test_several_files_are_a_list_in_their_order() -> None:
    files = [("file", ("a.jpg", b"first")), ("file", ("b.jpg", b"second")), ("other", ("c.jpg", b"third"))]
    request = read(*form(files))
    assert (request.pictures, request.many) == ((b"first", b"second", b"third"), True)
    with pytest.raises(TooManyPictures):
        read(*form(files), limit=2)


def test_a_link_and_a_picture_without_a_file_name() -> None:
    body, content_type = form({"image": (None, PICTURE), "image_url": (None, "https://example.com/a.jpg")})
    assert read(body, content_type).pictures == (PICTURE, Link("https://example.com/a.jpg"))


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (form({"file": ("a.jpg", b"")}), EmptyBody),
        (form({"iou": (None, "0.5")}), MissingImage),
        (form({"file": ("a.jpg", PICTURE), "treshold": (None, "0.5")}), InvalidOption),
        (form({"file": ("a.jpg", PICTURE), "iou": (None, "1" * 5000)}), InvalidOption),
        (form({"file": ("a.jpg", PICTURE), "iou": (None, "1;frames=all")}), InvalidOption),
        (form([("file", ("a.jpg", PICTURE))] * 50), InvalidForm),
        ((b"no form", "multipart/form-data; boundary=x"), InvalidForm),
        ((PICTURE, "multipart/form-data"), InvalidForm),
        ((PICTURE, f"multipart/form-data; boundary={'x' * 1000}"), InvalidForm),
        ((b"--x\r\nX: y\r\n\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x"), InvalidForm),
        ((b"--x\r\n" + b"X: y\r\n" * 100 + b"\r\nabc\r\n--x--\r\n", "multipart/form-data; boundary=x"), InvalidForm),
    ],
)
def test_wrong_forms(sent: tuple[bytes, str], error: type[RequestError]) -> None:
    with pytest.raises(error) as raised:
        read(*sent)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_form_that_was_cut_short(share: float) -> None:
    body, content_type = form({"file": ("a.jpg", PICTURE * 100)})
    with pytest.raises(InvalidForm):
        read(body[: int(len(body) * share)], content_type)


@given(st.data())
def test_any_form_is_a_request_or_a_sentence(data: st.DataObject) -> None:
    body, content_type = form({"file": ("a.jpg", PICTURE)}, iou="0.5")
    mutated = bytearray(body)
    for _ in range(data.draw(st.integers(1, 5))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read(bytes(mutated), content_type).pictures
    except RequestError as error:
        assert 400 <= error.status < 500
