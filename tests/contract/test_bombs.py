"""Bombs that are sent to the real server: refused by their headers, with next to no memory and at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.contract.process import Command, Running, started
from infra.contract.target import Target
from tests.contract.bombs import bombs
from tests.contract.test_contract import SERVE, picture
from tests.contract.tiny_model import write_tiny_model

MEMORY = 150 * 1024 * 1024
SECONDS = 10.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    model = write_tiny_model(tmp_path_factory.mktemp("bombs") / "model")
    command = Command(SERVE, model, Target("127.0.0.1", 0, picture(), start_seconds=60))
    with started(command, SLIPWAY_WORKERS="1") as process:
        process.wait_until_ready()
        for _ in range(5):
            process.target.detections()
        yield process


def memory(running: Running, name: str) -> int:
    """Bytes that the process has (VmRSS), or had at most since the mark was reset (VmHWM)."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith(name)))


def test_every_bomb_is_defused(running: Running) -> None:
    exploded: list[str] = []
    for name, body in bombs():
        for frames in ("first", "all"):
            before = memory(running, "VmRSS")
            # Resets the mark of the most memory (proc(5), /proc/pid/clear_refs).
            Path(f"/proc/{running.process.pid}/clear_refs").write_text("5")
            start = time.monotonic()
            reply = running.target.invoke(body, X_Amzn_SageMaker_Custom_Attributes=f"frames={frames}")
            seconds, taken = time.monotonic() - start, memory(running, "VmHWM") - before
            if reply.status >= 500 or seconds > SECONDS or taken > MEMORY:
                exploded.append(f"{name}, frames={frames}: {reply.status}, {seconds:.1f} s, {taken / 1e6:.0f} MB")
    assert exploded == []
    running.target.expect_alive()
