"""A small server that does one thing wrong in its life: `python bad_process.py FAULT serve`.

With the fault `none` it does nothing wrong.
"""

from __future__ import annotations

import hashlib
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


def mistake() -> str:
    """The sentence that a sound start ends with when something is wrong, or nothing."""
    if WORD != "serve":
        return "The one thing to do here is serve."
    if os.environ.get("SLIPWAY_WORKERS") == "many":
        return "SLIPWAY_WORKERS is no number."
    model = Path(os.environ["SLIPWAY_MODEL_DIR"])
    try:
        wanted = json.loads((model / "model.json").read_text())["sha256"]
        if hashlib.sha256((model / "model.onnx").read_bytes()).hexdigest() != wanted:
            return "model.onnx is not the model that was meant."
    except (OSError, ValueError):
        return "There is no model.json."
    return ""


def main() -> int:
    wrong = mistake()
    if wrong and FAULT != "starts-anyway":
        if FAULT == "fails-with-traceback":
            raise ValueError(wrong)
        print("" if FAULT == "fails-in-silence" else wrong)
        return 0 if FAULT == "fails-with-0" else 1
    port = int(os.environ["SLIPWAY_PORT"])
    try:
        server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    except OSError:
        if FAULT == "fails-with-traceback":
            raise
        print("" if FAULT == "fails-in-silence" else f"Port {port} is taken.")
        return 0 if FAULT == "fails-with-0" else 1
    server.daemon_threads = True
    if FAULT == "writes-to-the-model":
        Path(os.environ["SLIPWAY_MODEL_DIR"], "cache").write_text("x")

    def stop(*_: object) -> None:
        if FAULT == "loses-requests":
            os._exit(0)
        STOPPED.set()
        # Longer than the clients of the trial go on.
        threading.Timer(2.5, lambda: os._exit(3 if FAULT == "exit-code-3" else 0)).start()

    if FAULT != "default-signals":
        signal.signal(signal.SIGTERM, signal.SIG_IGN if FAULT == "ignores-sigterm" else stop)
        signal.signal(signal.SIGINT, stop)
    threading.Timer(0.3, READY.set).start()
    server.serve_forever()
    return 0


sys.exit(main())
