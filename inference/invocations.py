"""POST /invocations: a request is read, answered and logged."""

from __future__ import annotations

import json
import re
import time
import uuid
from functools import partial
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from inference import logs
from inference.accept import Form, wanted_form
from inference.answering import Answering, Question
from inference.bodies.reader import ClientGone, discard, while_connected
from inference.errors import NotAcceptable, RequestError
from inference.memory import Take
from inference.responses import LineStream, compact, error_response, json_response, line_response, list_response
from inference.service import Phase, Service

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


class Invocations:
    """An ASGI application of its own, since it decides what becomes of a body that it does not want."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._answering = Answering(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request and logs it, without its content."""
        service, headers, start = self._service, Headers(scope=scope), time.perf_counter()
        request_id = _request_id(headers)
        service.active += 1
        fields: dict[str, Any] = {"request": request_id, "bytes": headers.get("content-length")}
        told = {"X-Request-Id": request_id, ATTRIBUTES: service.attributes}
        if service.phase is Phase.DRAINING:
            told["Connection"] = "close"
        lines = LineStream(send, told)
        try:
            with service.memory.share() as take:
                response = await self._respond(headers, receive, lines, fields, take)
                is_read = not fields.pop("unread", False)
                if lines.begun:
                    await lines.end()
                else:
                    response.headers.update(told)
                    await _send(response, receive, send, is_read=is_read)
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

    async def _respond(
        self, headers: Headers, receive: Receive, lines: LineStream, fields: dict[str, Any], take: Take
    ) -> Response:
        """The answer, for which memory is taken; where `lines` has begun, its last line was sent and this is not to be.

        `unread` is added to the fields when the request's body has not been read to its end.
        """
        reading = True
        try:
            async with self._service.bodies.read(receive, headers.get("content-length")) as body:
                reading, fields["bytes"] = False, len(body)
                question = await self._answering.ask(body, headers.get("content-type", ""), headers.get(ATTRIBUTES, ""))
                default = Form.JSON if question.sampling is None else Form.LINES
                form = wanted_form(",".join(headers.getlist("accept")), default)
                answer = self._series if question.is_series else self._single
                response = await while_connected(receive, partial(answer, question, form, lines, fields, take))
                take(len(response.body))
        except RequestError as error:
            fields |= {"status": error.status, "code": error.code, **({"unread": True} if reading else {})}
            response = error_response(error.status, error.code, str(error), error.headers)
        except ClientGone:
            raise
        except Exception:
            fields |= {"status": 500, "code": "internal"}
            logs.event("bug", level="error", exc_info=True, request=fields["request"])
            sentence = f"The server failed at this request. Report it with the id {fields['request']}."
            response = error_response(500, "internal", sentence, {})
        else:
            fields["status"] = 200
            return response
        if lines.begun:
            await lines.line(json.loads(bytes(response.body)))
        return response

    async def _single(
        self, question: Question, form: Form, _: LineStream, fields: dict[str, Any], _take: Take
    ) -> Response:
        data = b""
        if form in (Form.JPEG, Form.PNG):
            answer, data = await self._answering.draw(question, form)
        else:
            answer = await self._answering.answer(question)
        found = _found(answer)
        fields |= {**found, "timings_ms": answer["timings_ms"]}
        if data:
            counts = {f"X-Slipway-{name.title()}": str(count) for name, count in found.items()}
            return Response(data, media_type=form.value, headers=counts)
        return line_response(answer) if form is Form.LINES else json_response(answer)

    async def _series(
        self, question: Question, form: Form, lines: LineStream, fields: dict[str, Any], hold: Take
    ) -> Response:
        if form in (Form.JPEG, Form.PNG):
            raise NotAcceptable(
                "Several answers cannot be drawn into one picture. Accept application/json or application/jsonlines."
            )
        results: list[bytes] = []
        fields |= {"pictures": 0, "failed": 0}

        async def take(answer: dict[str, Any]) -> None:
            answer = {"index": fields["pictures"], **answer}
            fields["pictures"] += 1
            fields["failed"] += "error" in answer
            if form is Form.LINES:
                await lines.line(answer)
            else:
                results.append(compact(answer))
                hold(len(results[-1]))

        await self._answering.answer_each(question, take)
        return list_response(results)


async def _send(response: Response, receive: Receive, send: Send, *, is_read: bool) -> None:
    """Sends the whole answer at once, and ends when nearly all of it is on its way: so long it takes memory.

    Of a request that is not read to its end, what comes in the next moment is, and the connection is closed then:
    nothing on its way is cut off.
    """
    if not is_read:
        response.headers["Connection"] = "close"
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": bytes(response.body), "more_body": True})
    if not is_read:
        await discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _found(answer: dict[str, Any]) -> dict[str, int]:
    """How many things an answer tells, under their name there."""
    return {name: len(answer[name]) for name in ("detections", "classifications") if name in answer}


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id") or headers.get("x-amzn-sagemaker-inference-id") or ""
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
