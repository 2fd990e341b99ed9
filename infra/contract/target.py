"""The server that is judged, and how it is spoken to: plainly enough to be rude to it."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from infra.contract.clause import BrokenClause, expect

ANSWER_SECONDS = 60.0
"""SageMaker waits this long for an answer."""


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes
    seconds: float

    @classmethod
    def read(cls, response: HTTPResponse, start: float) -> Reply:
        """Reads an answer to its end."""
        body = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return cls(response.status, headers, body, time.perf_counter() - start)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; anything else breaks the clause."""
        try:
            document = json.loads(self.body)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise BrokenClause(f"The answer ({self.status}) is not a JSON object: {self.body[:80]!r}.")
        return document


@dataclass(frozen=True)
class Target:
    """A server, a picture that it can be sent, and how hard it is tried."""

    host: str
    port: int
    picture: bytes
    max_body: int = 6 * 1024 * 1024
    """Bytes that a request may have."""
    clients: int = 8
    load_seconds: float = 5.0
    start_seconds: float = 480.0
    """SageMaker waits this long for the first good /ping."""

    @classmethod
    def of(cls, url: str, picture: bytes) -> Target:
        """The server at an address such as http://image:8080; ValueError for what is none."""
        try:
            parts = urlsplit(url)
            scheme, host, port = parts.scheme, parts.hostname, parts.port or 80
        except ValueError:  # a port or an address in brackets that is none
            scheme, host, port = "", None, 0
        if scheme != "http" or not host:
            raise ValueError(f"{url!r} is not the address of a server. Give one like http://image:8080.")
        return cls(host, port, picture)

    def connect(self, timeout: float = ANSWER_SECONDS) -> HTTPConnection:
        """A connection, made when it is first used."""
        return HTTPConnection(self.host, self.port, timeout=timeout)

    def socket(self, timeout: float = ANSWER_SECONDS) -> socket.socket:
        """A bare connection."""
        return socket.create_connection((self.host, self.port), timeout)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on a connection of its own; an underscore in a header's name stands for a hyphen."""
        connection = self.connect()
        try:
            return self.send_on(connection, method, path, body, **headers)
        finally:
            connection.close()

    def send_on(self, connection: HTTPConnection, method: str, path: str, body: Any = None, **headers: str) -> Reply:
        """One request on a given connection."""
        start = time.perf_counter()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        return Reply.read(connection.getresponse(), start)

    def ping(self) -> Reply:
        """GET /ping."""
        return self.send("GET", "/ping")

    def invoke(self, body: Any = None, **headers: str) -> Reply:
        """POST /invocations with a body, by default the picture as a JPEG."""
        headers.setdefault("Content_Type", "image/jpeg")
        return self.send("POST", "/invocations", self.picture if body is None else body, **headers)

    def detections(self, body: Any = None, **headers: str) -> list[dict[str, Any]]:
        """What is found in the picture; an answer other than 200 breaks the clause."""
        return detections_of(self.invoke(body, **headers))

    def expect_alive(self) -> None:
        """After whatever was done to it, the server is healthy and answers."""
        expect(self.ping().status == 200, "Afterwards GET /ping is no longer 200.")
        self.detections()


def detections_of(reply: Reply) -> list[dict[str, Any]]:
    """What a good answer tells, of a model that classifies its classes; any other answer breaks the clause."""
    expect(reply.status == 200, f"The answer is {reply.status} {reply.body[:200]!r}; wanted 200.")
    return detections_in(reply.json())


def detections_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The same of one answer, which may be one of several."""
    found = answer.get("classifications" if answer.get("task") == "classify" else "detections")
    if not isinstance(found, list):
        raise BrokenClause("The answer has no list of detections.")
    return found


def error_code(reply: Reply) -> str:
    """The code of an error; an answer that is not `{"error": {"code", "message"}}` breaks the clause."""
    error = reply.json().get("error")
    if not isinstance(error, dict) or not error.get("code") or not error.get("message"):
        raise BrokenClause(f"The error ({reply.status}) has no code and message: {reply.body[:200]!r}.")
    return str(error["code"])


def milliseconds(seconds: float) -> float:
    """Rounded for people."""
    return round(seconds * 1000, 1)


FAILURES = (OSError, HTTPException)
"""What a client sees of a server that does not answer."""
