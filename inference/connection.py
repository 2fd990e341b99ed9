"""A connection that is not kept open for a client that never says what it wants."""

from __future__ import annotations

import asyncio
import json
import select
import sys
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from inference.errors import HeadersTooLarge, InvalidHttp, RequestError
from inference.listener import hear

HEADER_SECONDS = 20.0
"""Time for the request line and the headers, from their first byte."""
IDLE_SECONDS = 75.0
"""Time that a connection may be idle: longer than clients keep theirs, so that it is they who close."""
HEADER_BYTES = 64 * 1024
"""Size of the request line and the headers together, and of trailers; common servers allow 8 to 64 KiB."""
LINGER_SECONDS = 1.0
"""Time for bytes under way: closing at once, with bytes unread, destroys an answer and loses a request."""


class PatientConnection(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 connection, which has no limit of time and size of its own before the headers are complete."""

    _deadline: asyncio.TimerHandle | None = None
    _room: int | None = HEADER_BYTES  # bytes that headers may still have; None in a body, which has its own limit
    _refused = False
    _fed = b""  # what the parser was given last
    is_silent = True  # whether the client has said nothing yet
    _arriving = False  # whether headers have begun and are not complete
    _last = False  # whether the connection ends with the request that is arriving

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; it may be a pool that connects ahead."""
        super().connection_made(transport)
        hear(transport.get_extra_info("socket"))
        self._room = HEADER_BYTES
        self._set_deadline(IDLE_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Bytes have arrived: of headers, no more than there is room for are looked at."""
        if self._refused:
            return
        if self._room is None:
            self._fed = data
            super().data_received(data)
            return
        head, rest = data[: self._room], data[self._room :]
        self._room -= len(head)
        self._fed = head
        super().data_received(head)
        if self._room == 0:
            self._refuse()
        elif rest and not self.transport.is_closing():
            self.data_received(rest)

    def on_message_begin(self) -> None:
        """The first byte of a request has arrived."""
        super().on_message_begin()
        self.is_silent, self._arriving = False, True
        self._set_deadline(HEADER_SECONDS)

    def on_headers_complete(self) -> None:
        """The headers are there; from here on the body has its own limit."""
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        self._set_deadline(None)
        self._arriving, self._room = False, None
        super().on_headers_complete()
        self.cycle.keep_alive &= not self._last

    def on_chunk_header(self) -> None:
        """A chunk begins; after the last come trailers, which are headers."""
        self._room = HEADER_BYTES

    def on_body(self, body: bytes) -> None:
        """A part of the body has arrived."""
        self._room = None
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is over; what comes next are headers."""
        self._room = HEADER_BYTES
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """An answer was sent, perhaps before its request was: what still comes of that has no other limit of time."""
        if self.cycle.more_body and not self.pipeline:
            self._set_deadline(IDLE_SECONDS)
        super().on_response_complete()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol is asked for, as Java's client asks for HTTP/2: the request is read as one of HTTP/1.1.

        A server may do so (RFC 9110, section 7.8), but the parser has stopped and would skip the body.
        """
        stopped = sys.exception()
        rest = self._fed[stopped.args[0] :] if isinstance(stopped, httptools.HttpParserUpgrade) else b""
        line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        headers = b"".join(b"%s: %s\r\n" % (name, value) for name, value in self.headers if name != b"upgrade")
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(line + headers + b"\r\n" + rest)

    def _should_upgrade(self) -> bool:
        return bool(self.parser.get_method() != b"CONNECT")

    def shutdown(self) -> None:
        """The server stops: an idle connection is closed, and one on which a request arrives after its answer."""
        is_idle = self.cycle is None or self.cycle.response_complete
        if not is_idle or not (self._arriving or self._unread()):
            super().shutdown()
            return
        self._last = True
        if not self._arriving:
            self._set_deadline(LINGER_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed, by whichever side."""
        self._set_deadline(None)
        super().connection_lost(exc)

    def _unread(self) -> bool:
        """Whether bytes have arrived that the event loop has not looked at yet."""
        sockets = select.poll()
        sockets.register(self.transport.get_extra_info("socket"), select.POLLIN)
        return bool(sockets.poll(0))

    def send_400_response(self, msg: str) -> None:
        """What has arrived is no HTTP: two lengths that differ, a chunk without one, another protocol."""
        if self._refused:
            return
        if self.cycle and not self.cycle.response_complete:
            if self.pipeline or self.cycle.response_started or not self.cycle.more_body:
                self._refused = True
                self.transport.close()  # in the middle of another answer there is no place for this one
                return
            # The request whose body this should be is answered here.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._answer(
            InvalidHttp("This is no request in HTTP/1.1. Send one that a common client writes."), "Bad Request"
        )

    def _refuse(self) -> None:
        if self.transport.is_closing():
            self._refused = True
        elif self.cycle and not self.cycle.response_complete:
            self._refused = True
            self.transport.close()  # in the middle of another answer there is no place for this one
        else:
            sentence = f"The headers have more than {HEADER_BYTES} bytes. Send fewer or shorter ones."
            self._answer(HeadersTooLarge(sentence), "Request Header Fields Too Large")

    def _answer(self, error: RequestError, reason: str) -> None:
        """Says what is wrong and listens no more."""
        self._refused = True
        document = {"error": {"code": error.code, "message": str(error)}}
        body = json.dumps(document, separators=(",", ":")).encode()
        self.transport.write(
            f"HTTP/1.1 {error.status} {reason}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self.transport.write_eof()
        self._set_deadline(LINGER_SECONDS)

    def _set_deadline(self, seconds: float | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        close: Any = self.transport.close
        self._deadline = None if seconds is None else self.loop.call_later(seconds, close)
