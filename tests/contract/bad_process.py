"""A small server that does one thing wrong in its life: `python bad_process.py FAULT serve`.

With the fault `none` it does nothing wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
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
    active = 0

    def do_GET(self) -> None:
        if FAULT == "ping-404-early" and not READY.is_set():
            return self.answer(404, {})
        ready = READY.is_set() or FAULT == "ready-too-early"
        stopping = STOPPED.is_set() and FAULT != "ping-good-to-the-end"
        busy = FAULT == "ping-fails-when-busy" and Handler.active > 1
        description = json.loads((model_directory() / "model.json").read_text())
        self.answer(200 if ready and not stopping and not busy else 503, {"model": {"name": description["name"]}})

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        limit = 2**20 if FAULT == "has-a-fixed-limit" else int(os.environ.get("SLIPWAY_MAX_BODY_BYTES") or 6 * 2**20)
        self.rfile.read(size)
        if size > limit:
            return self.answer(413, {"error": {"code": "body_too_large", "message": "It is too large."}})
        hoard = bytearray(2**30 if FAULT == "hoards-memory" else 1)
        Handler.active += 1
        time.sleep(0.02)
        Handler.active -= 1
        refused = not READY.is_set() or (FAULT == "refuses-after-signal" and STOPPED.is_set())
        answer: dict[str, object] = {
            "detections": [],
            "waste": "x" * (7 * 2**20 if FAULT == "says-too-much" else len(hoard)),
        }
        self.answer(503 if refused else 200, answer)

    def answer(self, status: int, document: dict[str, object]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def model_directory() -> Path:
    """Where the image finds its model: what it is told, what is mounted, what is baked."""
    if told := os.environ.get("SLIPWAY_MODEL_DIR"):
        return Path(told)
    mounted, baked = Path(os.environ["TEST_MOUNTED"]), Path(os.environ["TEST_BAKED"])
    if FAULT == "ignores-the-mounted-model":
        return baked
    return mounted if (mounted / "model.json").exists() or FAULT == "wants-a-mounted-model" else baked


def suffer() -> None:
    """Fails where something is missing that only this server needs."""
    if FAULT == "writes-outside-tmp":
        Path(os.environ["TEST_BAKED"], "cache").write_text("x")
    if FAULT == "needs-shared-memory":
        Path("/dev/shm", f"bad-process-{os.getpid()}").touch()
    if FAULT == "needs-root" and os.getuid() != 0:
        raise PermissionError("Only root can start me.")
    if FAULT == "needs-many-files":
        os.dup2(0, 2000)
    if FAULT == "needs-the-network":
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 53))
    if FAULT == "needs-a-setting" and not os.environ.get("SLIPWAY_PORT"):
        raise KeyError("SLIPWAY_PORT")


def mistake() -> str:
    """The sentence that a sound start ends with when something is wrong, or nothing."""
    if WORD != "serve":
        return "The one thing to do here is serve."
    if os.environ.get("SLIPWAY_WORKERS") == "many":
        return "SLIPWAY_WORKERS is no number."
    model = model_directory()
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
    suffer()
    port = int(os.environ.get("SLIPWAY_PORT") or 8080)
    try:
        server = ThreadingHTTPServer(("0.0.0.0", port), Handler)
    except OSError:
        if FAULT == "fails-with-traceback":
            raise
        print("" if FAULT == "fails-in-silence" else f"Port {port} is taken.")
        return 0 if FAULT == "fails-with-0" else 1
    server.daemon_threads = True
    if FAULT == "writes-to-the-model":
        (model_directory() / "cache").write_text("x")

    def stop(*_: object) -> None:
        if FAULT == "loses-requests":
            os._exit(0)
        STOPPED.set()
        # Longer than the clients of the trial go on.
        after = float(os.environ.get("TEST_STOPS_AFTER", "2.5"))
        threading.Timer(after, lambda: os._exit(3 if FAULT == "exit-code-3" else 0)).start()

    if FAULT != "default-signals":
        signal.signal(signal.SIGTERM, signal.SIG_IGN if FAULT == "ignores-sigterm" else stop)
        signal.signal(signal.SIGINT, stop)
    threading.Timer(0.3, READY.set).start()
    server.serve_forever()
    return 0


sys.exit(main())
