"""A small server that does one thing wrong in its life: `python bad_process.py FAULT serve`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FAULT, WORD = sys.argv[1:3]
READY = threading.Event()
STOPPED = threading.Event()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if FAULT == "ping-404-early" and not READY.is_set():
            return self.answer(404, {})
        ready = READY.is_set() or FAULT == "ready-too-early"
        self.answer(200 if ready and (FAULT == "ping-good-to-the-end" or not STOPPED.is_set()) else 503, {})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(0.02)
        refused = not READY.is_set() or (FAULT == "refuses-after-signal" and STOPPED.is_set())
        self.answer(503 if refused else 200, {"detections": []})

    def answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    model = Path(os.environ["SLIPWAY_MODEL_DIR"])
    broken = not (model / "model.json").exists() or (model / "model.json").read_bytes()[-1:] != b"}"
    if FAULT == "fails-with-0" and (broken or WORD != "serve" or os.environ.get("SLIPWAY_WORKERS") == "many"):
        return 0
    if FAULT == "fails-in-silence" and (broken or WORD != "serve" or os.environ.get("SLIPWAY_WORKERS") == "many"):
        return 1
    if FAULT == "fails-with-traceback" and broken:
        raise FileNotFoundError(model / "model.json")
    server = ThreadingHTTPServer(("0.0.0.0", int(os.environ["SLIPWAY_PORT"])), Handler)
    server.daemon_threads = True
    if FAULT == "writes-to-the-model":
        (model / "cache").write_text("x")

    def stop(*_: object) -> None:
        if FAULT == "loses-requests":
            os._exit(0)
        STOPPED.set()
        # Long enough for what is under way, then the port closes.
        threading.Timer(1.0, lambda: os._exit(3 if FAULT == "exit-code-3" else 0)).start()

    if FAULT != "default-signals":
        signal.signal(signal.SIGTERM, signal.SIG_IGN if FAULT == "ignores-sigterm" else stop)
    threading.Timer(0.3, READY.set).start()
    server.serve_forever()
    return 0


sys.exit(main())
