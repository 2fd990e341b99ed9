"""An answer that is handed on while the container still writes it: the body of InvokeEndpointWithResponseStream.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html; how events
are written: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import urllib3

from infra.localcloud.wire import StartResponse

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7
_MOST = 64 * 1024
"""Bytes of one PayloadPart."""


def _message(payload: bytes, **headers: str) -> bytes:
    """One event: prelude, its checksum, headers, payload, checksum of all."""
    told = b"".join(
        struct.pack(">B", len(name) + 1)
        + f":{name.replace('_', '-')}".encode()
        + struct.pack(">BH", _STRING, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(told) + len(payload), len(told))
    head = prelude + struct.pack(">I", zlib.crc32(prelude)) + told + payload
    return head + struct.pack(">I", zlib.crc32(head))


class Streamed:
    """The body for WSGI; what it holds is let go at its end, or when the client leaves."""

    def __init__(self, headers: list[tuple[str, str]], response: urllib3.BaseHTTPResponse, held: ExitStack) -> None:
        """Takes the container's response, and what is held as long as it lasts."""
        self._headers = [("Content-Type", CONTENT_TYPE), *headers]
        self._response = response
        self._held = held

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI call."""
        start_response("200 OK", self._headers)
        return self

    def __iter__(self) -> Iterator[bytes]:
        try:
            while data := self._response.read1(_MOST):
                yield _message(
                    data, message_type="event", event_type="PayloadPart", content_type="application/octet-stream"
                )
        except urllib3.exceptions.HTTPError as error:
            slow = isinstance(error, urllib3.exceptions.TimeoutError)
            code = "ModelInvocationTimeExceeded" if slow else "StreamBroken"
            told = {"Message": f"The container's answer broke off: {error}.", "ErrorCode": code}
            yield _message(
                json.dumps(told).encode(),
                message_type="exception",
                exception_type="ModelStreamError",
                content_type="application/json",
            )

    def close(self) -> None:
        """Called by WSGI in the end."""
        self._response.close()
        self._held.close()
