"""Answers as JSON, the good ones and the errors, and as lines of JSON that are sent while more are made."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import anyio
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Send

from inference.bodies.reader import ClientGone

LINES = "application/jsonlines"
STALL_SECONDS = 30.0
"""A client that takes no line for this long is gone."""


def compact(document: Mapping[str, Any]) -> bytes:
    """A document as JSON without white space."""
    return json.dumps(document, separators=(",", ":")).encode()


def json_response(document: Mapping[str, Any]) -> Response:
    """A document as compact JSON."""
    return Response(compact(document), media_type="application/json")


def list_response(documents: Sequence[bytes]) -> Response:
    """Documents, as JSON already, as `results`."""
    return Response(b'{"results":[' + b",".join(documents) + b"]}", media_type="application/json")


def line_response(document: Mapping[str, Any]) -> Response:
    """A document as the only line of JSON lines."""
    return Response(compact(document) + b"\n", media_type=LINES)


def error_document(code: str, sentence: str) -> dict[str, Any]:
    """An error in the form that every error has."""
    return {"error": {"code": code, "message": sentence}}


def error_response(status: int, code: str, sentence: str, headers: Mapping[str, str]) -> Response:
    """An error as an answer of its own."""
    response = json_response(error_document(code, sentence))
    response.status_code = status
    response.headers.update(headers)
    return response


class LineStream:
    """An answer of JSON lines, begun with its first line and sent in chunks."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = MutableHeaders({"Content-Type": LINES, **headers})
        self.begun = False

    async def line(self, document: Mapping[str, Any]) -> None:
        """Sends a line; raises ClientGone when nobody takes it."""
        with anyio.move_on_after(STALL_SECONDS) as time_limit:
            if not self.begun:
                self.begun = True
                await self._send({"type": "http.response.start", "status": 200, "headers": self._headers.raw})
            await self._send({"type": "http.response.body", "body": compact(document) + b"\n", "more_body": True})
        if time_limit.cancelled_caught:
            raise ClientGone

    async def end(self) -> None:
        """Nothing more comes."""
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
