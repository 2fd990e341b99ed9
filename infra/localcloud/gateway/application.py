"""Which API a request is for.

On AWS the host says so, ``ID.execute-api.REGION.amazonaws.com``; here it may also be the first part of the path.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import anyio
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from infra.localcloud.cloud import Cloud
from infra.localcloud.functions.pool import Pool
from infra.localcloud.gateway.apis import Api, find
from infra.localcloud.gateway.connections import Connections
from infra.localcloud.gateway.http_api import HttpApi
from infra.localcloud.gateway.integration import Integration
from infra.localcloud.gateway.throttle import Throttle
from infra.localcloud.gateway.websocket_api import WebSocketApi

_HOST = re.compile(r"^([a-z0-9]+)\.execute-api\.")
_CONNECTION = re.compile(r"/@connections/([^/]+)$")


class Gateway:
    """The ASGI application."""

    def __init__(self, cloud: Cloud, functions: Pool) -> None:
        self._cloud = cloud
        self._connections = Connections()
        throttle, integration = Throttle(), Integration(cloud, functions)
        self._http = HttpApi(integration, throttle)
        self._websocket = WebSocketApi(cloud.clock, integration, throttle, self._connections)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or a connection."""
        if scope["type"] == "websocket":
            return await self._connection(WebSocket(scope, receive, send))
        request = Request(scope, receive)
        if match := _CONNECTION.search(request.url.path):
            answer = await self._connections.command(request, unquote(match[1]))
        else:
            api, path = await self._api(request.headers.get("host", ""), request.url.path)
            if api is None or api.protocol != "HTTP":
                answer = JSONResponse({"message": "Not Found"}, 404)
            else:
                return await (await self._http.answer(api, request, path))(scope, receive, send)
        return await answer(scope, receive, send)

    async def _connection(self, socket: WebSocket) -> None:
        api, path = await self._api(socket.headers.get("host", ""), socket.url.path)
        stage = api.stages.get(path.strip("/")) if api else None
        if api is None or stage is None or api.protocol != "WEBSOCKET":
            return await socket.send_denial_response(JSONResponse({"message": "Forbidden"}, 403))
        return await self._websocket.serve(api, stage, socket)

    async def _api(self, host: str, path: str) -> tuple[Api | None, str]:
        """The API and what is left of the path."""
        match = _HOST.match(host)
        identity, rest = (match[1], path) if match else _first(path)

        def look() -> Api | None:
            return find(self._cloud.moto, self._cloud.settings.account, identity)

        return await anyio.to_thread.run_sync(look), rest


def _first(path: str) -> tuple[str, str]:
    identity, _, rest = path.lstrip("/").partition("/")
    return identity, f"/{rest}"
