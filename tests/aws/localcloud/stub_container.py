"""A model container in miniature: answers /ping and /invocations as its one JSON argument says."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEHAVIOUR = json.loads(sys.argv[1])
STARTED = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/ping":
            time.sleep(BEHAVIOUR.get("ping_takes", 0))
            warm = time.monotonic() - STARTED >= BEHAVIOUR.get("warm_after", 0)
            self.answer(BEHAVIOUR.get("ping", 200) if warm else 503, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(BEHAVIOUR.get("invocation_takes", 0))
        if body == b"die":
            os._exit(3)
        if body.startswith(b"stream "):
            return self.stream(body.split()[1:])
        if body == b"echo":
            return self.answer(200, bytes(range(256)), {"Content-Type": "image/x-all-bytes"})
        if body.startswith(b"fail "):
            return self.answer(int(body.split()[1]), b"a reason from the model")
        model_dir = Path(os.environ.get("SLIPWAY_MODEL_DIR", "/nonexistent"))
        answer = {
            "build": BEHAVIOUR["build"],
            "bytes": len(body),
            "pid": os.getpid(),
            "environment": {key: os.environ.get(key) for key in ("FROM_IMAGE", "FROM_MODEL")},
            "headers": {key.lower(): value for key, value in self.headers.items()},
            "model": {path.name: path.read_text() for path in model_dir.glob("*")},
        }
        attributes = self.headers.get("X-Amzn-SageMaker-Custom-Attributes")
        extra = {"X-Amzn-SageMaker-Custom-Attributes": f"seen {attributes}"} if attributes else {}
        self.answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json", **extra})

    def stream(self, words: list[bytes]) -> None:
        """Chunk by chunk, each a while after the one before; the word `break` ends the connection."""
        self.send_response(200)
        self.send_header("Content-Type", "application/jsonlines")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Amzn-SageMaker-Custom-Attributes", f"accept={self.headers.get('Accept')}")
        self.end_headers()
        for word in words:
            if word == b"break":
                self.close_connection = True
                return
            self.wfile.write(b"%x\r\n%s\n\r\n" % (len(word) + 1, word))
            self.wfile.flush()
            time.sleep(0.2)
        self.wfile.write(b"0\r\n\r\n")

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        del args


def die_with(parent: int) -> None:
    """A test may kill the local cloud, which then stops nothing."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def main() -> None:
    for line in BEHAVIOUR.get("says", []):
        print(line, flush=True)
    if "exit" in BEHAVIOUR:
        sys.exit(BEHAVIOUR["exit"])
    if note := BEHAVIOUR.get("note_start_in"):
        with Path(note).open("a") as file:
            file.write(f"{BEHAVIOUR['build']} {os.getpid()}\n")
    threading.Thread(target=die_with, args=(os.getppid(),), daemon=True).start()
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SLIPWAY_PORT"])), Handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
