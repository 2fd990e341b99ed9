"""From a body to the pictures that it carries or points to, and the options that came with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inference.errors import EmptyBody, RequestError
from inference.options import parse_attributes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Link:
    """Where a picture is to be fetched from."""

    url: str


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture that needs no decoding."""

    values: NDArray[np.uint8]
    """(height, width, 3), RGB."""


Source = bytes | Link | Pixels | RequestError
"""A picture of a request: its file's bytes, a link, its pixels; or, for one of several, why it is none of these."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    pictures: tuple[Source, ...]
    many: bool
    """Whether the answer is a list, even if of one."""
    given: dict[str, Any]
    """Options as given, not yet checked against the model."""


def parse_request(body: bytes, content_type: str, attributes: str, max_pictures: int) -> Request:
    """Reads a body by its Content-Type and its content: JSON, a form, a NumPy array, or else a picture.

    `attributes` is the header X-Amzn-SageMaker-Custom-Attributes: beside body, Content-Type and Accept the only thing
    that InvokeEndpoint passes on. Options in the body win over it. Raises RequestError.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    given = parse_attributes(attributes)
    if not body:
        raise EmptyBody("The request has no body. Send a JPEG, PNG or WebP picture, or JSON with image or image_url.")
    if media_type == "multipart/form-data":
        from inference.bodies.multipart import read_form  # noqa: PLC0415 - few requests need it

        return read_form(body, content_type, given, max_pictures)
    if media_type == "application/x-npy" or body.startswith(b"\x93NUMPY"):
        from inference.bodies.npy import read_array  # noqa: PLC0415 - few requests need it

        return read_array(body, given, max_pictures)
    if media_type in ("application/json", "text/json") or media_type.endswith("+json") or body.lstrip()[:1] == b"{":
        from inference.bodies.json import read_json  # noqa: PLC0415 - few requests need it

        return read_json(body, given, max_pictures)
    if media_type == "multipart/x-mixed-replace":
        # As cameras stream: JPEGs with a few lines of text between them.
        body = body[max(0, body.find(b"\xff\xd8\xff")) :]
    return Request((body,), many=False, given=given)
