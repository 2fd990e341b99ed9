"""The WebSocket connections that are open, and the commands for them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket, WebSocketDisconnect

LARGEST = 128 * 1024
LARGEST_FRAME = 32 * 1024
"""Bytes: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""


@dataclass(eq=False)
class Connection:
    """One client; times are seconds since 1970."""

    id: str
    socket: WebSocket
    connected: float
    active: float
    sending: anyio.Lock = field(default_factory=anyio.Lock)

    async def send(self, text: str) -> None:
        """Send one message."""
        async with self.sending:
            await self.socket.send_text(text)
        self.active = time.time()


class Connections:
    """By their ids."""

    def __init__(self) -> None:
        self._open: dict[str, Connection] = {}

    def add(self, connection: Connection) -> None:
        """From now on it can be written to."""
        self._open[connection.id] = connection

    def remove(self, connection: Connection) -> None:
        """It is gone."""
        self._open.pop(connection.id, None)

    async def command(self, request: Request, identity: str) -> Response:
        """PostToConnection, GetConnection or DeleteConnection; requests have to be signed."""
        if "authorization" not in request.headers:
            return _error("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
        connection = self._open.get(identity)
        if connection is None:
            return _error("GoneException", "Gone", 410)
        match request.method:
            case "POST":
                return await _post(connection, await request.body())
            case "GET":
                return JSONResponse(_told(connection))
            case _:
                await connection.socket.close(1000, "Connection Closed Normally")
                return Response(status_code=204)


async def _post(connection: Connection, data: bytes) -> Response:
    if len(data) > LARGEST:
        return _error("PayloadTooLargeException", "Message too long", 413)
    try:
        await connection.send(data.decode(errors="replace"))
    except (WebSocketDisconnect, RuntimeError):
        return _error("GoneException", "Gone", 410)
    return Response(status_code=200)


def _told(connection: Connection) -> dict[str, object]:
    client, agent = connection.socket.client, connection.socket.headers.get("user-agent", "")
    return {
        "connectedAt": datetime.fromtimestamp(connection.connected, UTC).isoformat(),
        "lastActiveAt": datetime.fromtimestamp(connection.active, UTC).isoformat(),
        "identity": {"sourceIp": client.host if client else "127.0.0.1", "userAgent": agent},
    }


def _error(kind: str, message: str, status: int) -> JSONResponse:
    return JSONResponse({"message": message}, status, {"x-amzn-errortype": kind})
