"""A server under full load for a while: does it answer the same all the time, and keep nothing?"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from infra.contract.process import Running
from infra.contract.target import FAILURES
from tests.soak.process import Vitals

CLIENTS = 8
SAMPLES = 200
"""Of the process, over the whole time."""
GROWTH = 0.05
"""Of its memory from the second quarter of the time to the last; the first is for caches to fill."""
SLACK = 8 * 1024 * 1024
"""Bytes by which memory may differ all the same: an allocator gives back by the megabyte."""

Body = tuple[bytes, str]


@dataclass
class Soak:
    """What was seen."""

    seconds: float
    answers: Counter[int] = field(default_factory=Counter)
    """How many, by status."""
    faults: Counter[str] = field(default_factory=Counter)
    """Answers that were not what the same request was answered before the load, and requests without any."""
    vitals: list[Vitals] = field(default_factory=list)

    @property
    def memory(self) -> tuple[float, float]:
        """The median of the second quarter and that of the last, in bytes."""
        quarter = len(self.vitals) // 4
        early, late = self.vitals[quarter : 2 * quarter], self.vitals[-quarter:]
        return statistics.median(one.memory for one in early), statistics.median(one.memory for one in late)

    def failures(self) -> list[str]:
        """A sentence for each thing that should not be."""
        early, late = self.memory
        told = [f"{count} times: {fault}." for fault, count in self.faults.items()]
        if late > early * (1 + GROWTH) + SLACK:
            told.append(f"Memory grew from {early / 1e6:.1f} to {late / 1e6:.1f} MB.")
        for name in ("threads", "files"):
            counts = [getattr(one, name) for one in self.vitals]
            if max(counts[len(counts) // 2 :]) > max(counts[: len(counts) // 2]) + 2:
                told.append(f"Open {name} grew from {max(counts[: len(counts) // 2])} to {max(counts)}.")
        return told

    def summary(self) -> str:
        """The figures, for people."""
        early, late = self.memory
        total = sum(self.answers.values())
        return (
            f"{total} answers in {self.seconds:.0f} s ({total / self.seconds:.1f}/s), by status "
            f"{dict(sorted(self.answers.items()))}; memory {early / 1e6:.1f} to {late / 1e6:.1f} MB; "
            f"threads {min(one.threads for one in self.vitals)} to {max(one.threads for one in self.vitals)}; "
            f"files {min(one.files for one in self.vitals)} to {max(one.files for one in self.vitals)}"
        )


def soak(running: Running, bodies: Sequence[Body], seconds: float) -> Soak:
    """Sends the bodies in turn from several clients at once, half of which connect anew each time."""
    found, wanted = Soak(seconds), [_told(running, body) for body in bodies]
    lock, end = threading.Lock(), time.monotonic() + seconds

    def client(number: int) -> None:
        connection = running.target.connect()
        turn = number
        while time.monotonic() < end:
            turn = (turn + 1) % len(bodies)
            body, kind = bodies[turn]
            try:
                reply = running.target.send_on(connection, "POST", "/invocations", body, Content_Type=kind)
                status, told = reply.status, _kept(reply.body)
            except FAILURES as error:
                status, told = 0, repr(error)
                connection.close()
            with lock:
                found.answers[status] += 1
                if (status, told) != wanted[turn]:
                    found.faults[f"body {turn} ({kind}) was answered otherwise than before, with {status}"] += 1
            if number % 2:
                connection.close()
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if running.process.poll() is not None:
            found.faults["the server ended"] += 1
            break
        if time.monotonic() < end:
            found.vitals.append(Vitals.of(running.process.pid))
        threads[0].join(seconds / SAMPLES)
    for thread in threads:
        thread.join()
    return found


def _told(running: Running, body: Body) -> tuple[int, Any]:
    reply = running.target.invoke(body[0], Content_Type=body[1])
    return reply.status, _kept(reply.body)


def _kept(body: bytes) -> Any:
    """An answer without its times."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items() if name != "timings_ms"}
        return [plain(inner) for inner in value] if isinstance(value, list) else value

    return plain(json.loads(body))
