"""Clients that send one request after the other, all at the same time."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], None]
"""One request and its answer."""

TIMEOUT = 60.0


@dataclass(frozen=True)
class Figures:
    """What one contender did in one round."""

    contender: str
    clients: int
    round: int
    requests_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    """Processor time of one request, on the side of the contender."""


def closed_loop(make: Callable[[], Call], clients: int, seconds: float) -> tuple[float, list[float]]:
    """Seconds until the last of so many clients was done, and the milliseconds that each request took.

    What was begun in time is waited for, so that slow contenders lose nothing. Each client asks once before it counts.
    """
    took: list[float] = []
    failures: list[BaseException] = []
    ready = threading.Barrier(clients + 1)

    def client() -> None:
        try:
            call = make()
            call()
            ready.wait(TIMEOUT)
            end = time.perf_counter() + seconds
            while (start := time.perf_counter()) < end:
                call()
                took.append((time.perf_counter() - start) * 1000)
        except BaseException as error:
            failures.append(error)
            ready.abort()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        ready.wait(TIMEOUT)
    except threading.BrokenBarrierError:
        raise failures[0] from None
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.perf_counter() - start, took


def measure(
    name: str, number: int, make: Callable[[], Call], cpu: Callable[[], float], clients: int, seconds: float
) -> Figures:
    """The figures of a contender, whose processor time in seconds `cpu` tells."""
    before = cpu()
    duration, took = closed_loop(make, clients, seconds)
    each = (cpu() - before) * 1000 / (len(took) + clients)
    highest = sorted(took)[min(len(took) - 1, int(len(took) * 0.99))]
    return Figures(name, clients, number, len(took) / duration, statistics.median(took), highest, each)


def http_client(port: int, path: str, body: bytes, content_type: str) -> Callable[[], Call]:
    """Makes clients that post the body over a connection of their own; any answer but 200 is an error."""

    def make() -> Call:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)

        def send() -> http.client.HTTPResponse:
            connection.request("POST", path, body, {"Content-Type": content_type})
            return connection.getresponse()

        def call() -> None:
            try:
                reply = send()
            except ConnectionError:
                # Servers close connections that were idle; clients then make a new one.
                connection.close()
                reply = send()
            content = reply.read()
            if reply.status != 200:
                raise RuntimeError(f"{path} of port {port} answered {reply.status}: {content[:300]!r}")

        return call

    return make
