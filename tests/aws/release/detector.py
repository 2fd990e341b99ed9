"""A container that answers as Slipway's image does; its one JSON argument says what it finds and how it fails."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEHAVIOUR = json.loads(sys.argv[1])
STARTED = time.monotonic()


def detections() -> object:
    """As the behaviour says; `only_in` has others for containers with a variable set."""
    worse = BEHAVIOUR.get("only_in", {})
    return next((worse[name] for name in worse if name in os.environ), BEHAVIOUR["detections"])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        warm = time.monotonic() - STARTED >= BEHAVIOUR.get("warm_after", 0)
        self.answer(BEHAVIOUR.get("ping", 200) if warm else 503, {})

    def do_POST(self) -> None:
        picture = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not picture.startswith(b"\xff\xd8"):
            self.answer(400, {"error": {"code": "unknown_format", "message": "The body is not a picture."}})
        elif BEHAVIOUR.get("odd"):
            self.answer(200, {"predictions": []})
        else:
            self.answer(BEHAVIOUR.get("status", 200), self.found())

    def found(self) -> dict[str, object]:
        return {
            "model": {"name": "stub", "digest": "sha256:" + "0" * 64},
            "build": BEHAVIOUR["build"],
            "is_mock": BEHAVIOUR.get("is_mock", False),
            "image": {"width": 640, "height": 480},
            "detections": detections(),
            "timings_ms": {"total": BEHAVIOUR.get("milliseconds", 20.0)},
            "environment": {key: value for key, value in os.environ.items() if key.startswith("SLIPWAY_")},
        }

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        del args


if __name__ == "__main__":
    for line in BEHAVIOUR.get("says", []):
        print(line, flush=True)
    if "exit" in BEHAVIOUR:
        sys.exit(BEHAVIOUR["exit"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["SLIPWAY_PORT"])), Handler).serve_forever()
