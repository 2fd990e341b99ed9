"""A WebSocket API: a client's connection, from ``$connect`` over its messages to ``$disconnect``.

Events: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
Routes: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-keys-connect-disconnect.html
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import Any

import anyio
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from infra.localcloud.clock import Clock
from infra.localcloud.gateway import routes
from infra.localcloud.gateway.apis import Api, Route, Stage
from infra.localcloud.gateway.connections import Connection, Connections
from infra.localcloud.gateway.integration import Failed, Integration
from infra.localcloud.gateway.stamps import Stamp
from infra.localcloud.gateway.throttle import Throttle

_IDLE_SECONDS = 600
_LONGEST_SECONDS = 7200
_GOING_AWAY, _NO_BINARY = 1001, 1003


class WebSocketApi:
    """Serves connections to WebSocket APIs."""

    def __init__(self, clock: Clock, integration: Integration, throttle: Throttle, connections: Connections) -> None:
        self._clock = clock
        self._integration = integration
        self._throttle = throttle
        self._connections = connections

    async def serve(self, api: Api, stage: Stage, socket: WebSocket) -> None:
        """One connection, from its handshake to its end."""
        now = time.time()
        identity = base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()
        connection = Connection(identity, socket, now, now)
        if connect := api.routes.get("$connect"):
            try:
                status = await self._connect(api, stage, connect, connection)
            except Failed as failed:
                status = failed.status
            if not 200 <= status < 300:
                return await socket.send_denial_response(JSONResponse({"message": "Forbidden"}, status))
        await socket.accept()
        self._connections.add(connection)
        code, reason = 1006, ""
        try:
            async with anyio.create_task_group() as tasks:
                code, reason = await self._receive(api, stage, connection, tasks)
        finally:
            self._connections.remove(connection)
            if disconnect := api.routes.get("$disconnect"):
                told = {"disconnectStatusCode": code, "disconnectReason": reason}
                with anyio.CancelScope(shield=True):
                    await self._quietly(api, stage, disconnect, connection, "DISCONNECT", **told)
        return None

    async def _connect(self, api: Api, stage: Stage, route: Route, connection: Connection) -> int:
        if not self._throttle.admits(api, stage, route):
            return 429
        event = _event(api, stage, connection, route, "CONNECT", Stamp.now())
        socket = connection.socket
        event["headers"] = {name.title(): value for name, value in socket.headers.items()}
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        if socket.query_params:
            event["queryStringParameters"] = dict(socket.query_params)
        returned = await self._integration.call(api, stage.name, route, event, Stamp.now().trace(socket.headers))
        try:
            return int(returned["statusCode"])
        except (TypeError, KeyError, ValueError):
            return 502

    async def _receive(
        self, api: Api, stage: Stage, connection: Connection, tasks: anyio.abc.TaskGroup
    ) -> tuple[int, str]:
        """Take messages until the end; close code and reason."""
        while True:
            now = time.time()
            left = min(
                connection.connected + self._clock.seconds(_LONGEST_SECONDS) - now,
                connection.active + self._clock.seconds(_IDLE_SECONDS) - now,
            )
            if left <= 0:
                await connection.socket.close(_GOING_AWAY, "Going away")
                return _GOING_AWAY, "Going away"
            message = None
            with anyio.move_on_after(left):
                message = await connection.socket.receive()
            if message is None:
                continue
            if message["type"] == "websocket.disconnect":
                return int(message.get("code") or 1005), str(message.get("reason") or "")
            connection.active = time.time()
            if message.get("text") is None:
                await connection.socket.close(_NO_BINARY, "Binary messages are not supported")
                return _NO_BINARY, "Binary messages are not supported"
            tasks.start_soon(self._message, api, stage, connection, message["text"])

    async def _message(self, api: Api, stage: Stage, connection: Connection, text: str) -> None:
        stamp = Stamp.now()
        try:
            route = self._admitted(api, stage, text)
            event = _event(api, stage, connection, route, "MESSAGE", stamp, messageId=Stamp.now().id)
            event["body"] = text
            trace = stamp.trace(connection.socket.headers)
            returned = await self._integration.call(api, stage.name, route, event, trace)
            answer = returned.get("body") if route.answers and isinstance(returned, dict) else None
        except Failed as failed:
            told = "Internal server error" if failed.status in (500, 502) else failed.message
            answer = json.dumps({"message": told, "connectionId": connection.id, "requestId": stamp.id})
        if answer:
            # The client may have left meanwhile.
            try:
                await connection.send(str(answer))
            except RuntimeError:
                return

    def _admitted(self, api: Api, stage: Stage, text: str) -> Route:
        route = routes.of_message(api, text)
        if route is None:
            raise Failed(403, "Forbidden")
        if not self._throttle.admits(api, stage, route):
            raise Failed(429, "Too Many Requests")
        return route

    async def _quietly(
        self, api: Api, stage: Stage, route: Route, connection: Connection, kind: str, **told: object
    ) -> None:
        event = _event(api, stage, connection, route, kind, Stamp.now(), **told)
        try:
            await self._integration.call(api, stage.name, route, event, Stamp.now().trace({}))
        except Failed:
            return


def _event(
    api: Api, stage: Stage, connection: Connection, route: Route, kind: str, stamp: Stamp, **told: object
) -> dict[str, Any]:
    client = connection.socket.client
    event: dict[str, Any] = {
        "requestContext": {
            "routeKey": route.key,
            "eventType": kind,
            "extendedRequestId": stamp.id,
            "requestTime": stamp.text,
            "messageDirection": "IN",
            "stage": stage.name,
            "connectedAt": int(connection.connected * 1000),
            "requestTimeEpoch": stamp.milliseconds,
            "identity": {"sourceIp": client.host if client else "127.0.0.1"},
            "requestId": stamp.id,
            "domainName": api.domain,
            "connectionId": connection.id,
            "apiId": api.id,
            **told,
        },
        "isBase64Encoded": False,
    }
    return event | ({"stageVariables": dict(stage.variables)} if stage.variables else {})
