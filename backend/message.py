"""What a client says over the WebSocket: JSON, since API Gateway takes no binary messages.

https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-binary-media-types.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from backend import options
from backend.detector import Question
from backend.event import decoded
from backend.problem import Problem

_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_OWN = ("action", "id", "image", "image_url", "images", "content_type", "part", "last", "data")
MOST_PARTS = 100


@dataclass(frozen=True)
class Part:
    """Which part of a picture: ``number`` counts from 0."""

    number: int
    last: bool


@dataclass(frozen=True)
class Message:
    """One request, or a part of one."""

    id: str
    question: Question
    part: Part | None = None


def id_of(body: str | None) -> str | None:
    """The id that a client gave its message, so that even an error can carry it."""
    try:
        found = json.loads(body or "")["id"]
    except (ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and _ID.fullmatch(found) else None


def read(body: str | None, message_id: str, inference_id: str) -> Message:
    """The message in a text; Problem where it is none. ``message_id`` is API Gateway's, for one that has no id."""
    try:
        given = json.loads(body or "")
    except ValueError:
        raise _wrong("invalid_json", "The message is not JSON.") from None
    if not isinstance(given, dict) or given.get("action") != "detect":
        raise _wrong(
            "unknown_action", 'A message is {"action": "detect", "image": <base64>}; docs/backend.md has more.'
        )
    if "id" in given and id_of(body) is None:
        raise _wrong("invalid_id", "The id must be 1 to 64 letters, digits, dots, hyphens or underscores.")
    attributes = options.attributes({name: value for name, value in given.items() if name not in _OWN})
    identity = str(given.get("id", message_id))
    if "part" in given:
        return _part(given, identity, attributes, inference_id)
    body_bytes, kind = _picture(given)
    return Message(identity, Question(body_bytes, kind, attributes, inference_id=inference_id))


def _part(given: dict[str, Any], identity: str, attributes: str, inference_id: str) -> Message:
    part, data = given["part"], given.get("data")
    if isinstance(part, bool) or not isinstance(part, int) or not 0 <= part < MOST_PARTS:
        raise _wrong("invalid_part", f"part must be a whole number from 0 to {MOST_PARTS - 1}.")
    if "id" not in given or not isinstance(data, str) or not isinstance(given.get("last", False), bool):
        raise _wrong("invalid_part", "A part needs the id of its picture, data as base64, and last: true on the last.")
    question = Question(decoded(data), _kind(given), attributes, inference_id=inference_id)
    return Message(identity, question, Part(part, bool(given.get("last"))))


def _picture(given: dict[str, Any]) -> tuple[bytes, str]:
    if len([name for name in ("image", "image_url", "images") if name in given]) != 1:
        raise _wrong("missing_image", "A message needs one of image, image_url and images, or part and data.")
    if "image" not in given:
        asked = {name: given[name] for name in ("image_url", "images") if name in given}
        return json.dumps(asked).encode(), "application/json"
    if not isinstance(given["image"], str):
        raise _wrong("invalid_base64", "image must be the picture's bytes as base64.")
    text = given["image"].partition(",")[2] if given["image"].startswith("data:") else given["image"]
    return decoded(text), _kind(given)


def _kind(given: dict[str, Any]) -> str:
    kind = given.get("content_type", "application/octet-stream")
    if not isinstance(kind, str) or not re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,127}", kind):
        raise _wrong("invalid_content_type", "content_type must be a media type such as image/jpeg.")
    return kind


def _wrong(code: str, message: str) -> Problem:
    return Problem(400, code, message)
