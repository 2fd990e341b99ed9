"""The form of an answer, as the header Accept asks for it (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import enum
from typing import Final

from inference.errors import NotAcceptable


class Form(enum.Enum):
    """What an answer can be; the value is its media type."""

    JSON = "application/json"
    LINES = "application/jsonlines"
    JPEG = "image/jpeg"
    PNG = "image/png"


ALIASES: Final = {"application/x-ndjson": Form.LINES, "application/x-jsonlines": Form.LINES, "text/json": Form.JSON}


def wanted_form(accept: str, default: Form) -> Form:
    """The form that the header rates highest, of equals the one it names first; without a header the default.

    Raises NotAcceptable when it names none that the server has.
    """
    best, rating = default, 0.0
    for part in filter(None, (part.strip() for part in accept.split(","))):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        form, quality = _named(media_type, default), _quality(parameters)
        if form is not None and quality > rating:
            best, rating = form, quality
    if not rating and accept.strip():
        known = ", ".join(form.value for form in Form)
        raise NotAcceptable(f"The header Accept names no form of answer that the server has. It has {known}.")
    return best


def _named(media_type: str, default: Form) -> Form | None:
    if media_type in ("*/*", default.value):
        return default
    if media_type == "image/*":
        return Form.JPEG
    if media_type == "application/*":
        return default if default.value.startswith("application/") else Form.JSON
    return ALIASES.get(media_type) or next((form for form in Form if form.value == media_type), None)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
