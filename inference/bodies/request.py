"""From a body to the picture that it carries or points to, and the options that came with it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from inference.errors import EmptyBody, InvalidBase64, InvalidJson, InvalidOption, MissingImage, NotAnImage
from inference.options import NAMES, parse_attributes

FIELDS = ("image", "image_url", *NAMES)


@dataclass(frozen=True)
class Request:
    """Either the picture's bytes or the address to fetch them from."""

    picture: bytes | None
    url: str | None
    given: dict[str, Any]
    """Options as given, not yet checked against the model."""


def parse_request(body: bytes, content_type: str, attributes: str) -> Request:
    """Reads a body by its content: JSON where it says so or starts like an object, else a picture.

    `attributes` is the header X-Amzn-SageMaker-Custom-Attributes: beside body, Content-Type and Accept the only thing
    that InvokeEndpoint passes on. Options in a JSON body win over it. Raises RequestError.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    given = parse_attributes(attributes)
    if not body:
        raise EmptyBody("The request has no body. Send a JPEG, PNG or WebP picture, or JSON with image or image_url.")
    if media_type.startswith("multipart/"):
        raise NotAnImage("The server takes no multipart bodies. Send the picture's bytes as the body.")
    if media_type in ("application/json", "text/json") or media_type.endswith("+json") or body.lstrip()[:1] == b"{":
        return _from_json(body, given)
    return Request(body, None, given)


def _from_json(body: bytes, given: dict[str, Any]) -> Request:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidJson(f"The body is not JSON ({_short(error)}). Send an object with image or image_url.") from None
    if not isinstance(document, dict):
        raise InvalidJson("The body's JSON is not an object. Send an object with image or image_url.")
    if unknown := [name for name in document if name not in FIELDS]:
        raise InvalidOption(
            f"The body has the field {_short(unknown[0])!r}, which nothing reads. Known: {', '.join(FIELDS)}."
        )
    picture, url = document.get("image"), document.get("image_url")
    if (picture is None) == (url is None):
        raise MissingImage("The body must have either image (base64) or image_url, and not both.")
    given |= {name: document[name] for name in NAMES if name in document}
    if url is not None:
        if not isinstance(url, str):
            raise MissingImage("The field image_url is not a text. Send an http or https address.")
        return Request(None, url, given)
    return Request(_decoded(picture), None, given)


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
