"""Asks one version of the functions whether it works, as the APIs would ask it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.errors import RolloutFailed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_OURS = {"internal", "misconfigured"}
"""Errors that are the backend's own; all others of 5xx are the detector's, which no backend can mend."""


def check(functions: LambdaClient, name: str, kind: str, qualifier: str) -> str:
    """What a function said of itself; RolloutFailed where it does not work.

    A detector that does not answer is told and no failure: image and backend are released apart from each other.
    """
    event = _EVENTS[kind]
    answer = functions.invoke(FunctionName=name, Qualifier=qualifier, Payload=json.dumps(event).encode())
    said = answer["Payload"].read().decode(errors="replace")
    if answer.get("FunctionError"):
        raise RolloutFailed(f"{name}:{qualifier} fails: {_message(said)}")
    try:
        told = json.loads(said)
        status, body = int(told["statusCode"]), json.loads(told.get("body") or "{}")
    except (ValueError, KeyError, TypeError):
        raise RolloutFailed(f"{name}:{qualifier} gives no answer that an API could hand on: {said[:200]}") from None
    if status < 400:
        return f"{name}:{qualifier} answers" + (f", build {body['build'][:12]}" if "build" in body else "")
    error = body.get("error") or {}
    if status < 500 or error.get("code") in (_OURS | {None}):
        why = error.get("message", said[:200])
        raise RolloutFailed(f"{name}:{qualifier} answers its health request with {status}: {why}")
    return f"{name}:{qualifier} works, and the detector does not answer ({status}): {error['message']}"


def _message(said: str) -> str:
    try:
        error: dict[str, Any] = json.loads(said)
        return f"{error['errorType']}: {error['errorMessage']}"[:400]
    except (ValueError, KeyError, TypeError):
        return said[:400]


_EVENTS: dict[str, dict[str, Any]] = {
    "http": {
        "version": "2.0",
        "routeKey": "GET /health",
        "rawPath": "/health",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "http": {"method": "GET", "path": "/health"},
            "requestId": "health",
            "routeKey": "GET /health",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    },
    "websocket": {
        "requestContext": {
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "connectionId": "health",
            "requestId": "health",
            "stage": "live",
            "domainName": "localhost",
        },
        "isBase64Encoded": False,
    },
}
