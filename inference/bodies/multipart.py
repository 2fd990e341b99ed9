"""A body of multipart/form-data, as `curl --form` and web pages send it: files are pictures, texts are options."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from inference.bodies.request import Link, Request, Source
from inference.errors import EmptyBody, InvalidForm, InvalidOption, MissingImage, TooManyPictures
from inference.options import ALL_NAMES, parse_attributes

MAX_OPTION_BYTES = 4096


@dataclass
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)
    data: bytearray = field(default_factory=bytearray)


def read_form(body: bytes, content_type: str, given: dict[str, Any], max_pictures: int) -> Request:
    """Files become pictures, `image_url` links, and other texts options; raises RequestError.

    One picture is answered as if it were the body; several are answered as a list.
    """
    pictures: list[Source] = []
    for part in _parts(body, content_type, max_pictures + len(ALL_NAMES)):
        kind, about = parse_options_header(part.headers.get(b"content-disposition"))
        if kind != b"form-data" or b"name" not in about:
            raise InvalidForm("A part of the form has no name. Send Content-Disposition: form-data with one.")
        name = about[b"name"].decode("latin-1")
        if b"filename" in about or name == "image":
            if not part.data:
                raise EmptyBody(f"The file {name[:100]!r} of the form is empty. Send a picture's bytes.")
            pictures.append(bytes(part.data))
        elif name == "image_url":
            pictures.append(Link(part.data.decode("utf-8", "replace").strip()))
        else:
            given = given | _option(name, part.data)
    if not pictures:
        raise MissingImage("The form has no picture. Send one as a file, for example with curl --form image=@a.jpg.")
    if len(pictures) > max_pictures:
        raise TooManyPictures.of(len(pictures), max_pictures)
    return Request(tuple(pictures), many=len(pictures) > 1, given=given)


def _option(name: str, value: bytearray) -> dict[str, Any]:
    if name not in ALL_NAMES:
        known = ", ".join(("image", "image_url", *ALL_NAMES))
        raise InvalidOption(f"The form has the field {name[:100]!r}, which nothing reads. Known: {known}.")
    if len(value) > MAX_OPTION_BYTES or b";" in value:
        raise InvalidOption(f"The form's field {name} is no value of that option. Send a short text.")
    return parse_attributes(f"{name}={value.decode('utf-8', 'replace')}")


def _parts(body: bytes, content_type: str, limit: int) -> list[_Part]:
    parts: list[_Part] = []
    name, value, ended = bytearray(), bytearray(), False

    def begin() -> None:
        if len(parts) == limit:
            raise InvalidForm(f"The form has more than {limit} parts. Send fewer at a time.")
        parts.append(_Part())

    def header() -> None:
        parts[-1].headers[bytes(name).lower()] = bytes(value)
        name.clear()
        value.clear()

    def end() -> None:
        nonlocal ended
        ended = True

    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise InvalidForm("The Content-Type names no boundary. Let the program that makes the form write that header.")
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": begin,
                "on_part_data": lambda data, start, stop: parts[-1].data.extend(memoryview(data)[start:stop]),
                "on_header_field": lambda data, start, stop: name.extend(data[start:stop]),
                "on_header_value": lambda data, start, stop: value.extend(data[start:stop]),
                "on_header_end": header,
                "on_end": end,
            },
        )
        parser.write(body)
    except FormParserError as error:
        raise InvalidForm(
            f"The body is not multipart/form-data ({str(error)[:100]}). Send it as RFC 7578 says."
        ) from None
    if not ended:
        raise InvalidForm("The form ends before its last boundary. Send it again.")
    return parts
