"""A body of JSON: one picture, or a list of them, as base64 or as links."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from inference.bodies.request import Link, Request, Source
from inference.errors import (
    EmptyBody,
    InvalidBase64,
    InvalidJson,
    InvalidOption,
    MissingImage,
    RequestError,
    TooManyPictures,
)
from inference.options import ALL_NAMES

PICTURE = ("image", "image_url")
FIELDS = (*PICTURE, "images", *ALL_NAMES)


def read_json(body: bytes, given: dict[str, Any], max_pictures: int) -> Request:
    """`{"image": …}`, `{"image_url": …}` or `{"images": [{"image": …}, …]}`, each with options; raises RequestError.

    What is wrong with one of several pictures is that one's answer and does not keep the others from theirs.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"The body is not JSON ({_short(error)}). Send an object with image or image_url.") from None
    if not isinstance(document, dict):
        raise InvalidJson("The body's JSON is not an object. Send an object with image or image_url.")
    _check_fields("The body", document, FIELDS)
    given = given | {name: document[name] for name in ALL_NAMES if name in document}
    pictures = document.get("images")
    if pictures is None:
        return Request((_source("The body", document),), many=False, given=given)
    if not isinstance(pictures, list) or not pictures or any(document.get(name) is not None for name in PICTURE):
        raise MissingImage(
            "The field images must be a list of objects with image or image_url, not empty, and stand without an image "
            "or image_url beside it."
        )
    if len(pictures) > max_pictures:
        raise TooManyPictures.of(len(pictures), max_pictures)
    return Request(tuple(_one_of_many(picture) for picture in pictures), many=True, given=given)


def _one_of_many(picture: Any) -> Source:
    try:
        if not isinstance(picture, dict):
            raise MissingImage("This one of images is not an object. Send one with image or image_url.")
        _check_fields("This one of images", picture, PICTURE)
        return _source("This one of images", picture)
    except RequestError as error:
        return error


def _check_fields(where: str, document: dict[str, Any], known: tuple[str, ...]) -> None:
    if unknown := [name for name in document if name not in known]:
        raise InvalidOption(
            f"{where} has the field {_short(unknown[0])!r}, which nothing reads. Known: {', '.join(known)}."
        )


def _source(where: str, document: dict[str, Any]) -> Source:
    picture, url = document.get("image"), document.get("image_url")
    if (picture is None) == (url is None):
        raise MissingImage(f"{where} must have either image (base64) or image_url, and not both.")
    if url is None:
        return _decoded(picture)
    try:
        url.encode()
    except (AttributeError, UnicodeEncodeError):  # no text, or one with half a character in it
        raise MissingImage("The field image_url is not a text. Send an address.") from None
    return Link(url)


def _decoded(picture: Any) -> bytes:
    if not isinstance(picture, str):
        raise InvalidBase64("The field image is not a text. Send the picture's bytes as base64.")
    if picture.startswith("data:"):
        picture = picture.partition(",")[2]
    try:
        # base64 written by MIME tools has line breaks; anything else foreign is an error.
        data = base64.b64decode("".join(picture.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidBase64(
            f"The field image is not base64 ({_short(error)}). Send the picture's bytes as base64."
        ) from None
    if not data:
        raise EmptyBody("The field image is empty. Send the picture's bytes as base64.")
    return data


def _short(value: object) -> str:
    return str(value)[:100]
