"""What the function gives back to an HTTP API, payload format 2.0."""

from __future__ import annotations

import base64
import json
from typing import Any

from backend.detector import Answer
from backend.problem import Problem

LARGEST = 6 * 1024 * 1024 - 64 * 1024
"""Bytes of a reply; a synchronous invocation hands on 6 MB, of which headers get some.
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_TEXT = ("application/json", "application/jsonlines", "text/")


def of_answer(answer: Answer) -> dict[str, Any]:
    """The container's answer as it is; pictures travel as base64. Problem where it is too large to be handed on."""
    text = answer.content_type.startswith(_TEXT)
    body = answer.body.decode() if text else base64.b64encode(answer.body).decode()
    # The reply itself is JSON: quotes in a text count twice.
    if len(json.dumps(body)) > LARGEST:
        raise Problem(
            406,
            "answer_too_large",
            f"The answer has {len(answer.body):,} bytes, more than can be handed on: ask for image/jpeg instead of "
            "image/png, for masks=rle, for fewer frames, or use the WebSocket.",
        )
    told = {"content-type": answer.content_type}
    if answer.attributes:
        told["x-amzn-sagemaker-custom-attributes"] = answer.attributes
    return _reply(200, body, told, base64_encoded=not text)


def of_json(body: dict[str, Any]) -> dict[str, Any]:
    """JSON of the backend's own."""
    return _reply(200, json.dumps(body), {"content-type": "application/json"})


def of_problem(problem: Problem, **headers: str) -> dict[str, Any]:
    """An error, with when to come back."""
    told = {"content-type": "application/json", **headers}
    if problem.retry_after is not None:
        told["retry-after"] = str(problem.retry_after)
    return _reply(problem.status, json.dumps(problem.body()), told)


def _reply(status: int, body: str, headers: dict[str, str], *, base64_encoded: bool = False) -> dict[str, Any]:
    told = {"cache-control": "no-store", **headers}
    return {"statusCode": status, "headers": told, "body": body, "isBase64Encoded": base64_encoded}
