"""An HTTP API: from a request to an event of payload format 2.0, and from what the function returns to an answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
Limits: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.localcloud.gateway import routes
from infra.localcloud.gateway.apis import DEFAULT, Api, Stage
from infra.localcloud.gateway.integration import Failed, Integration
from infra.localcloud.gateway.stamps import Stamp
from infra.localcloud.gateway.throttle import Throttle

LARGEST = 10 * 1024 * 1024
_LARGEST_HEAD = 10_240
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")


class HttpApi:
    """Answers requests to HTTP APIs."""

    def __init__(self, integration: Integration, throttle: Throttle) -> None:
        self._integration = integration
        self._throttle = throttle

    async def answer(self, api: Api, request: Request, path: str) -> Response:
        """One request; `path` is what stands behind the API's name."""
        stamp = Stamp.now()
        try:
            answer = await self._answer(api, request, path, stamp)
        except Failed as failed:
            answer = JSONResponse({"message": failed.message}, failed.status)
        answer.headers["apigw-requestid"] = stamp.id
        return answer

    async def _answer(self, api: Api, request: Request, path: str, stamp: Stamp) -> Response:
        head = sum(len(name) + len(value) for name, value in request.headers.raw) + len(request.url.path)
        if head > _LARGEST_HEAD:
            raise Failed(431, "Request Header Fields Too Large")
        staged = _stage(api, path)
        found = routes.of_request(api, request.method, staged[1]) if staged else None
        if staged is None or found is None:
            raise Failed(404, "Not Found")
        stage, (route, variables) = staged[0], found
        if not self._throttle.admits(api, stage, route):
            raise Failed(429, "Too Many Requests")
        body = await _body(request)
        event = _event(api, stage, request, path, body, stamp)
        event["routeKey"] = event["requestContext"]["routeKey"] = route.key
        if variables:
            event["pathParameters"] = variables
        returned = await self._integration.call(api, stage.name, route, event, stamp.trace(request.headers))
        return _response(returned)


def _stage(api: Api, path: str) -> tuple[Stage, str] | None:
    """The stage that a path names and what is left of it, else ``$default`` and all of it."""
    first, _, rest = path.lstrip("/").partition("/")
    if first in api.stages and first != DEFAULT:
        return api.stages[first], f"/{rest}"
    return (api.stages[DEFAULT], path) if DEFAULT in api.stages else None


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise Failed(413, "Request Entity Too Large")
    return body


def _event(api: Api, stage: Stage, request: Request, path: str, body: bytes, stamp: Stamp) -> dict[str, Any]:
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for name, value in request.headers.items():
        if name == "cookie":
            cookies += [cookie.strip() for cookie in value.split(";")]
        else:
            headers[name] = f"{headers[name]},{value}" if name in headers else value
    source = request.client.host if request.client else "127.0.0.1"
    headers |= {"x-amzn-trace-id": stamp.trace(request.headers), "x-forwarded-for": source}
    query: dict[str, str] = {}
    for name, value in parse_qsl(request.url.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    text = headers.get("content-type", "").startswith(_TEXT)
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": request.url.query,
        "headers": headers,
        "requestContext": {
            "accountId": api.account,
            "apiId": api.id,
            "domainName": api.domain,
            "domainPrefix": api.id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": f"HTTP/{request.scope['http_version']}",
                "sourceIp": source,
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": stamp.id,
            "stage": stage.name,
            "time": stamp.text,
            "timeEpoch": stamp.milliseconds,
        },
        "isBase64Encoded": bool(body) and not text,
    }
    optional: dict[str, Any] = {"cookies": cookies, "queryStringParameters": query, "stageVariables": stage.variables}
    if body:
        optional["body"] = body.decode(errors="replace") if text else base64.b64encode(body).decode()
    return event | {name: value for name, value in optional.items() if value}


def _response(returned: Any) -> Response:
    """What the function returned; without a status code it is the body, as JSON."""
    if not isinstance(returned, dict) or "statusCode" not in returned:
        text = returned if isinstance(returned, str) else json.dumps(returned)
        return Response(text, 200, media_type="application/json")
    try:
        status = int(returned["statusCode"])
        body: Any = returned.get("body") or ""
        content = base64.b64decode(body, validate=True) if returned.get("isBase64Encoded") else body.encode()
        headers = {str(name): _written(value) for name, value in (returned.get("headers") or {}).items()}
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Failed(502, "Internal Server Error") from error
    if not 100 <= status < 600:
        raise Failed(502, "Internal Server Error")
    headers.setdefault("content-type", "text/plain;charset=UTF-8")
    answer = Response(content, status, headers)
    for cookie in returned.get("cookies") or []:
        answer.headers.append("set-cookie", str(cookie))
    return answer


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
