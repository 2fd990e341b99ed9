"""Clients that send one request after the other, all at the same time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from infra.contract.target import FAILURES, Reply, Target, detections_of


@dataclass
class Load:
    """What happened to the requests."""

    replies: list[Reply] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    """Requests that were sent and not answered."""
    refused: int = 0
    """Connections that could not be made: nothing was lost with them."""

    def detections(self) -> list[list[dict[str, Any]]]:
        """Of every good answer."""
        return [detections_of(reply) for reply in self.replies if reply.status == 200]

    @property
    def bad(self) -> list[int]:
        """The statuses of answers that were not good."""
        return [reply.status for reply in self.replies if reply.status != 200]


@contextlib.contextmanager
def under_load(target: Target, clients: int | None = None) -> Iterator[Load]:
    """Full load until the end of the `with`; the first answers have come when it begins.

    Half of the clients keep their connection, half make a new one for each request. A client stops when its connection
    is refused.
    """
    load, stop, count = Load(), threading.Event(), clients or target.clients
    answered = threading.Semaphore(0)
    threads = [
        threading.Thread(target=_client, args=(target, load, stop, answered, number % 2 == 0))
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            answered.acquire(timeout=60)
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _client(target: Target, load: Load, stop: threading.Event, answered: threading.Semaphore, keep_alive: bool) -> None:
    connection = target.connect()
    try:
        while not stop.is_set():
            if connection.sock is None:
                try:
                    connection.connect()
                except OSError:
                    load.refused += 1
                    return
            try:
                load.replies.append(
                    target.send_on(connection, "POST", "/invocations", target.picture, Content_Type="image/jpeg")
                )
            except FAILURES as error:
                load.lost.append(repr(error))
                connection.close()
            if not keep_alive:
                connection.close()
            answered.release()
    finally:
        answered.release()
        connection.close()


def percentile(values: list[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def wait_for_ping(target: Target, alive: Callable[[], bool] = lambda: True) -> float:
    """Seconds until GET /ping is 200; the start_seconds of the target when it never is, or the server is not alive."""
    start = time.monotonic()
    while time.monotonic() - start < target.start_seconds and alive():
        with contextlib.suppress(*FAILURES):
            connection = target.connect(timeout=2)
            try:
                if target.send_on(connection, "GET", "/ping").status == 200:
                    return time.monotonic() - start
            finally:
                connection.close()
        time.sleep(0.02)
    return target.start_seconds
