"""Runs inside the container: `python -m tests.bench.serving.measure MODEL CHECKPOINT OUT`.

Rounds in which every contender has its turn, so that whatever else the machine does falls on all of them.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from inference.model import shapes
from inference.preprocess import Letterbox
from tests.bench.serving import plot, report
from tests.bench.serving.clients import Call, Figures, http_client, measure
from tests.bench.serving.names import CLIENTS, LARGE, OURS
from tests.bench.serving.raw import CORES, raw_runtimes
from tests.bench.serving.servers import Server


@dataclass(frozen=True)
class Contender:
    """Something that answers, and how many ask it at the same time."""

    name: str
    clients: tuple[int, ...]
    make: Callable[[], Call]
    cpu_seconds: Callable[[], float]
    turn: Callable[[], AbstractContextManager[None]] = nullcontext

    @classmethod
    def of(cls, server: Server, name: str, clients: tuple[int, ...], make: Callable[[], Call]) -> Contender:
        """A server that is asked over HTTP."""
        return cls(name, clients, make, server.cpu_seconds, server.running)


def jpeg(width: int, height: int) -> bytes:
    """A drawn picture, with the grain of a camera."""
    file = io.BytesIO()
    shapes.draw(shapes.HELD_SEED, 1, (width, height), scale=max(width, height) / 160).image.save(
        file, "JPEG", quality=90
    )
    return file.getvalue()


def contenders(model: Path, checkpoint: Path, side: int, started: list[Server]) -> Iterator[Contender]:
    """The raw runtimes, then the servers, which are started."""
    weights = str(model / "model.onnx")
    width, height = side, side * 3 // 4
    box = Letterbox.fit(width, height, side, rectangular=True)
    for name, callers, make in raw_runtimes(weights, box.across, box.down):
        yield Contender(name, (callers,), make, time.process_time)
    small, large = jpeg(width, height), jpeg(1920, 1080)
    in_json = json.dumps({"image": base64.b64encode(small).decode()}).encode()
    bench = "tests.bench.serving"

    def serve(name: str, port: int, health: str, command: list[str], environment: dict[str, str]) -> Server:
        server = Server(name, command, port, health, environment)
        started.append(server)
        server.start()
        return server

    ours = serve(
        OURS, 9001, "/ping", ["-m", "inference", "serve"], {"SLIPWAY_PORT": "9001", "SLIPWAY_MODEL_DIR": str(model)}
    )
    yield Contender.of(ours, OURS, CLIENTS, http_client(9001, "/invocations", small, "image/jpeg"))
    yield Contender.of(ours, LARGE, (1, 8), http_client(9001, "/invocations", large, "image/jpeg"))
    for port, workers, batch in ((9002, CORES, 1), (9003, 1, 8)):
        name = f"LitServe, {workers} workers" if workers > 1 else f"LitServe, batches of {batch}"
        command = ["-m", f"{bench}.litserve_app", str(port), weights, str(side), str(workers), str(batch)]
        server = serve(name, port, "/health", command, {})
        yield Contender.of(server, name, CLIENTS, http_client(port, "/predict", in_json, "application/json"))
    name = "ultralytics predict, FastAPI"
    server = serve(name, 9004, "/health", ["-m", f"{bench}.ultralytics_app", "9004", str(checkpoint), str(side)], {})
    # One picture at a time, so that more clients only wait for longer.
    yield Contender.of(server, name, (1, 8), http_client(9004, "/predict", small, "image/jpeg"))


def main(model: Path, checkpoint: Path, out: Path) -> None:
    """Measure all; write `figures.json`, `tables.md` and `serving.svg`."""
    rounds, seconds = int(os.environ["BENCH_ROUNDS"]), float(os.environ["BENCH_SECONDS"])
    side = json.loads((model / "model.json").read_text())["image_size"]
    started: list[Server] = []
    found: list[Figures] = []
    try:
        all_of_them = list(contenders(model, checkpoint, side, started))
        for number in range(rounds):
            for one in all_of_them:
                with one.turn():
                    for clients in one.clients:
                        found.append(measure(one.name, number, one.make, one.cpu_seconds, clients, seconds))
                        sys.stderr.write(f"{found[-1]}\n")
    finally:
        for server in started:
            server.end()
    out.mkdir(parents=True, exist_ok=True)
    (out / "figures.json").write_text(json.dumps([asdict(one) for one in found]))
    (out / "tables.md").write_text(report.tables(found))
    plot.draw(found, CLIENTS, out / "serving.svg")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
