"""POST /invocations: a request is read, answered and logged."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from inference import logs
from inference.bodies.reader import ClientGone, discard
from inference.errors import BodyTooLarge, IncompleteBody, Overloaded, RequestError
from inference.responses import error_response, json_response
from inference.service import Phase, Service

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


class Invocations:
    """An ASGI application of its own, since it decides what becomes of a body that it does not want."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request and logs it, without its content."""
        service, headers, start = self._service, Headers(scope=scope), time.perf_counter()
        request_id = _request_id(headers)
        service.active += 1
        fields: dict[str, Any] = {"request": request_id, "bytes": headers.get("content-length")}
        try:
            response = await self._respond(headers, receive, fields)
            response.headers["X-Request-Id"] = request_id
            response.headers[ATTRIBUTES] = service.attributes
            if service.phase is Phase.DRAINING:
                response.headers["Connection"] = "close"
            if fields.get("unread"):
                await _answer_and_discard(response, receive, send)
            else:
                await response(scope, receive, send)
        except ClientGone:
            fields["code"] = "client_gone"
        except anyio.get_cancelled_exc_class():
            fields["code"] = "cut_off"
            service.cut_off += 1
            raise
        finally:
            service.active -= 1
            service.last_activity = time.monotonic()
            seconds = time.perf_counter() - start
            service.metrics.answered(fields, seconds)
            logs.event("invocation", **fields, milliseconds=round(seconds * 1000, 1))

    async def _respond(self, headers: Headers, receive: Receive, fields: dict[str, Any]) -> Response:
        try:
            async with self._service.bodies.read(receive, headers.get("content-length")) as body:
                fields["bytes"] = len(body)
                answer = await self._service.invoke(
                    body, headers.get("content-type", ""), headers.get(ATTRIBUTES, ""), receive
                )
            fields |= {"status": 200, **_found(answer), "timings_ms": answer["timings_ms"]}
            return json_response(answer)
        except RequestError as error:
            fields |= {"status": error.status, "code": error.code}
            fields["unread"] = isinstance(error, BodyTooLarge | IncompleteBody | Overloaded)
            return error_response(error.status, error.code, str(error), error.headers)
        except ClientGone:
            raise
        except Exception:
            fields |= {"status": 500, "code": "internal"}
            logs.event("bug", level="error", exc_info=True, request=fields["request"])
            return error_response(
                500, "internal", f"The server failed at this request. Report it with the id {fields['request']}.", {}
            )


async def _answer_and_discard(response: Response, receive: Receive, send: Send) -> None:
    """Sends the whole answer at once, then reads on for a moment, then closes: nothing on its way is cut off."""
    response.headers["Connection"] = "close"
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    await discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _found(answer: dict[str, Any]) -> dict[str, int]:
    """How many things an answer tells, under their name there."""
    return {name: len(answer[name]) for name in ("detections", "classifications") if name in answer}


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id") or headers.get("x-amzn-sagemaker-inference-id") or ""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
