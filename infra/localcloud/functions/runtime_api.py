"""The Lambda runtime API, which a function's process asks for events and gives answers to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_BASE = "/2018-06-01/runtime"


@dataclass
class Invocation:
    """One event on its way. ``done`` is set when ``payload`` is the answer, or the error where ``failed``."""

    id: str
    event: bytes
    deadline_ms: int
    arn: str
    trace: str
    payload: bytes = b""
    failed: bool = False
    done: threading.Event = field(default_factory=threading.Event)

    def finish(self, payload: bytes, *, failed: bool) -> None:
        """Take the first answer that comes; later ones change nothing."""
        if not self.done.is_set():
            self.payload, self.failed = payload, failed
            self.done.set()


class RuntimeApi:
    """The API for one process: events go to it one after the other."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[Invocation | None] = queue.Queue()
        self._current: Invocation | None = None
        self._init_error = b""
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                api._next(self)

            def do_POST(self) -> None:
                api._post(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="runtime-api", daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API says: ``host:port``."""
        return f"127.0.0.1:{self._server.server_port}"

    def put(self, invocation: Invocation) -> None:
        """Hand an event to the process."""
        self._current = invocation
        if self._init_error:
            invocation.finish(self._init_error, failed=True)
        self._waiting.put(invocation)

    def close(self) -> None:
        """Stop listening; whoever waits for an event is let go."""
        self._waiting.put(None)
        self._server.shutdown()
        self._server.server_close()

    def _next(self, request: BaseHTTPRequestHandler) -> None:
        if request.path != f"{_BASE}/invocation/next":
            return _answer(request, 404, b"{}")
        invocation = self._waiting.get()
        if invocation is None:
            request.close_connection = True
            return None
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
            "Lambda-Runtime-Trace-Id": invocation.trace,
        }
        return _answer(request, 200, invocation.event, headers)

    def _post(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        current = self._current
        match request.path.removeprefix(f"{_BASE}/").split("/"):
            case ["invocation", identity, kind] if current and identity == current.id:
                current.finish(body, failed=kind == "error")
            case ["init", "error"]:
                self._init_error = body
                if current:
                    current.finish(body, failed=True)
            case _:
                error = {"errorType": "InvalidRequestID", "errorMessage": f"There is no {request.path} now."}
                return _answer(request, 400, json.dumps(error).encode())
        return _answer(request, 202, b'{"status": "OK"}')


def _answer(request: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
