"""Servers that answer as Slipway's image does, after a time and with findings of the test's choice."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.contract.target import Target


class Server(ThreadingHTTPServer):
    """Answers one request at a time in `seconds`, as a single core does; `build` names it."""

    daemon_threads = True

    def __init__(self, build: str, found: list[dict[str, Any]], seconds: float, model: str, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.build, self.found, self.seconds, self.model, self.status = build, found, seconds, model, status
        self.core = threading.Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._answer(200, {"model": {"labels": ["circle", "square"]}, "defaults": {"confidence": 0.25}})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.core:
            time.sleep(self.server.seconds)
        body = {
            "build": self.server.build,
            "model": {"name": "stub", "digest": self.server.model},
            "is_mock": False,
            "image": {"width": 100, "height": 100},
            "detections": self.server.found,
        }
        self._answer(self.server.status, body)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        del args


@contextlib.contextmanager
def answering(
    build: str, found: list[dict[str, Any]], seconds: float = 0.0, model: str = "sha256:a", status: int = 200
) -> Iterator[Target]:
    """Such a server for the time of the `with`."""
    server = Server(build, found, seconds, model, status)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Target("127.0.0.1", server.server_port, b"picture", start_seconds=5)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
