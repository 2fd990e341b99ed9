"""An event of an HTTP API, payload format 2.0, as a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from backend.problem import Problem


@dataclass(frozen=True)
class Request:
    """What a client sent; header names are small letters."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: bytes
    id: str

    @classmethod
    def of(cls, event: dict[str, Any]) -> Request:
        """The request of an event; Problem where the event is none of an HTTP API."""
        try:
            context = event["requestContext"]
            http, stage = context["http"], context.get("stage", "$default")
        except (KeyError, TypeError):
            raise Problem(500, "misconfigured", "The backend was not called by an HTTP API, format 2.0.") from None
        path = event.get("rawPath", "/")
        if stage != "$default":
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-stages.html: a named stage is the
            # first part of the path.
            path = path.removeprefix(f"/{stage}") or "/"
        body = event.get("body") or ""
        return cls(
            method=http["method"],
            path=path.rstrip("/") or "/",
            headers={name.lower(): value for name, value in (event.get("headers") or {}).items()},
            query=event.get("queryStringParameters") or {},
            body=decoded(body) if event.get("isBase64Encoded") else body.encode(),
            id=context.get("requestId", ""),
        )


def decoded(text: str) -> bytes:
    """The bytes of a base64 text; Problem where it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem(400, "invalid_base64", "What should be base64 is not; encode the bytes of the picture.") from None
