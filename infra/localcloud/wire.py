"""What an AWS request says about itself, and how answers and errors are written for its protocol."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4
from xml.sax.saxutils import escape

from infra.localcloud.errors import AwsError, ValidationException

StartResponse = Callable[[str, list[tuple[str, str]]], object]

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
_RUNTIME_PATH = re.compile(r"^/endpoints/[^/]+/([a-z-]+)$")
_RUNTIME = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_CBOR_PATH = re.compile(r"^/service/[^/]+/operation/([A-Za-z0-9]+)$")
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class Response:
    """An HTTP answer: status code, headers, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def send(self, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a WSGI call."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        start_response(f"{self.status} {phrase}", [*self.headers, ("Content-Length", str(len(self.body)))])
        return [self.body]


class Request:
    """One HTTP request with what its signature, headers and body tell about the AWS call."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.path: str = environ.get("PATH_INFO", "") or "/"
        self.method: str = environ.get("REQUEST_METHOD", "GET")
        match = _CREDENTIAL.search(environ.get("HTTP_AUTHORIZATION", ""))
        self.caller = match.group(1) if match else None
        self.region = match.group(2) if match else DEFAULT_REGION
        self.service = match.group(3) if match else None

    def header(self, name: str) -> str | None:
        """One request header, or None."""
        key = name.upper().replace("-", "_")
        value = self.environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}")
        return value or None

    @cached_property
    def length(self) -> int:
        """The declared size of the body in bytes."""
        return int(self.header("Content-Length") or 0)

    @cached_property
    def body(self) -> bytes:
        """The whole body; a chunked one is read to its end."""
        if self.header("Content-Length") is None and self.environ.get("wsgi.input_terminated"):
            return bytes(self.environ["wsgi.input"].read())
        return bytes(self.environ["wsgi.input"].read(self.length)) if self.length else b""

    @property
    def is_query(self) -> bool:
        """Whether the request speaks the query protocol, whose answers are XML; bodies of endpoints may look so."""
        return self.service != "sagemaker" and (self.header("Content-Type") or "").startswith(
            "application/x-www-form-urlencoded"
        )

    @cached_property
    def operation(self) -> str | None:
        """The API's operation, where its protocol names it (JSON, query, CBOR); of REST, SageMaker Runtime's."""
        if target := self.header("X-Amz-Target"):
            return target.rpartition(".")[2]
        if match := _CBOR_PATH.match(self.path):
            return match.group(1)
        if self.is_query:
            return parse_qs(self.body.decode("utf-8", "replace")).get("Action", [None])[0]
        return _RUNTIME.get(match[1]) if (match := _RUNTIME_PATH.match(self.path)) else None

    @cached_property
    def payload(self) -> dict[str, Any]:
        """The body of a JSON request."""
        try:
            payload = json.loads(self.body or b"{}")
        except ValueError as error:
            raise AwsError("SerializationException", f"The body is not JSON: {error}.") from error
        if not isinstance(payload, dict):
            raise ValidationException("The body must be a JSON object.")
        return payload


def json_response(value: dict[str, Any], status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Response:
    """An answer in AWS's JSON 1.1 protocol: times are seconds since 1970."""
    body = json.dumps(value, default=_encode).encode()
    return Response(
        status,
        [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid4())), *headers],
        body,
    )


def error_response(request: Request, error: AwsError) -> Response:
    """An error in the protocol of the request, so that boto3 raises its own exception type."""
    if request.service == "s3" or request.is_query:
        return Response(error.status, [("Content-Type", "text/xml")], _error_xml(request, error).encode())
    body = {"message": error.message, "Message": error.message, **error.fields}
    if error.code is None:
        return json_response(body, error.status)
    return json_response({"__type": error.code, **body}, error.status, [("x-amzn-ErrorType", error.code)])


def _error_xml(request: Request, error: AwsError) -> str:
    inner = f"<Code>{escape(error.code or '')}</Code><Message>{escape(error.message)}</Message>"
    if request.service == "s3":
        return f"<Error>{inner}</Error>"
    if request.service == "ec2":
        return f"<Response><Errors><Error>{inner}</Error></Errors></Response>"
    return f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>"


def _encode(value: object) -> float:
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
