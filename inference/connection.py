"""A connection that is not kept open for a client that never says what it wants."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 20.0
"""Time for the request line and the headers, from their first byte."""
IDLE_SECONDS = 75.0
"""Time that a connection may be idle: longer than clients keep theirs, so that it is they who close."""


class PatientConnection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection, which has no time limit of its own before the headers are complete."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; it may be a pool that connects ahead."""
        super().connection_made(transport)
        self._set_deadline(IDLE_SECONDS)

    def on_message_begin(self) -> None:
        """The first byte of a request has arrived."""
        super().on_message_begin()
        self._set_deadline(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """The headers are there; from here on the body has its own limit."""
        self._set_deadline(None)
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whichever side."""
        self._set_deadline(None)
        super().connection_lost(exc)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        close: Any = self.transport.close
        self._deadline = None if seconds is None else self.loop.call_later(seconds, close)
