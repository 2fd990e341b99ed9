"""Asks the detector for an answer to a small picture: the proof that all of the way works, and who answers."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from backend.detector import Question, ask
from backend.problem import Problem


@dataclass(frozen=True)
class Seen:
    """Who answered: the build of the image, its model, and whether that is a mock."""

    build: str
    model: dict[str, Any]
    is_mock: bool


@cache
def picture(side: int = 32) -> bytes:
    """A grey PNG in which there is nothing to be found (ISO/IEC 15948: signature, IHDR, IDAT, IEND)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x72" * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def probe(inference_id: str) -> Seen:
    """Who answers now; Problem where nobody does, or not in the form that a detector has."""
    answer = ask(Question(picture(), "image/png", accept="application/json", inference_id=inference_id))
    try:
        told = json.loads(answer.body)
        return Seen(str(told["build"]), dict(told["model"]), bool(told["is_mock"]))
    except (ValueError, KeyError, TypeError):
        raise Problem(502, "detector_failed", "What answers behind the backend is no detector of Slipway's.") from None
