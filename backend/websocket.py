"""The function behind the WebSocket API: detections of a picture, or of each frame of a sequence, as they come.

A message is answered by messages to the connection: ``detections`` for each line that the container writes, ``end``
after the last; ``part`` for each part of an upload; ``error`` where there is no answer. Nothing is said by what the
function returns: API Gateway hands that on only for routes with a route response.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

from backend import detector
from backend.connection import Connection, Gone
from backend.detector import Question
from backend.failures import logged, of_answer
from backend.logs import log
from backend.message import id_of, read
from backend.problem import Problem
from backend.settings import settings
from backend.uploads import Uploads

_RESERVE_MS = 2000
"""Kept of the function's time to say that it is over."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """Lambda's entry: one event of a WebSocket API."""
    started = time.monotonic()
    told = event["requestContext"]
    outcome = "ok"
    try:
        match told["eventType"]:
            case "CONNECT":
                pass
            case "DISCONNECT":
                if settings().uploads:
                    Uploads.of(told["connectionId"]).forget()
            case _:
                outcome = _message(event, context)
    finally:
        log(
            "handled",
            request_id=told.get("requestId"),
            lambda_request_id=context.aws_request_id,
            route=told.get("routeKey"),
            connection=told.get("connectionId"),
            outcome=outcome,
            milliseconds=round((time.monotonic() - started) * 1000),
        )
    return {"statusCode": 200}


def _message(event: dict[str, Any], context: Any) -> str:
    told = event["requestContext"]
    connection, identity = Connection.of(told), id_of(event.get("body"))
    try:
        message = read(event.get("body"), told.get("messageId", ""), told.get("requestId", ""))
        identity = message.id
        question: Question | None = message.question
        if message.part is not None:
            question = Uploads.of(connection.id).add(identity, message.part, message.question)
            connection.send({"type": "part", "id": identity, "part": message.part.number})
        if question is not None:
            _stream(connection, identity, question, context)
    except Gone:
        return "gone"
    except Exception as error:
        problem = logged(error, context.aws_request_id)
        with contextlib.suppress(Gone):
            connection.refuse(problem, identity)
        return problem.code
    return "ok"


def _stream(connection: Connection, identity: str, question: Question, context: Any) -> None:
    count = 0
    with contextlib.closing(detector.lines(question)) as lines:
        for line in lines:
            answer = json.loads(line)
            # Once a line has been sent the container's status is told: what fails then is its last line.
            if set(answer) == {"error"}:
                raise of_answer(502, line.decode())
            connection.send({"type": "detections", "id": identity, "number": count, "answer": answer})
            count += 1
            if context.get_remaining_time_in_millis() < _RESERVE_MS:
                raise Problem(
                    504, "too_slow", f"Time was up after {count} answers; send fewer frames with every or max_frames."
                )
    connection.send({"type": "end", "id": identity, "answers": count})
