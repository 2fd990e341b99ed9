"""The highest rate at which a server holds its latency: more and more clients, each waiting for its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.contract.load import percentile, under_load, wait_for_ping
from infra.contract.target import ANSWER_SECONDS
from infra.errors import InputError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.contract.target import Target

MOST_CLIENTS: Final = 256
LEAST_ANSWERS: Final = 100
"""Of which a p99 is made; for fewer, it is measured for longer."""
_PATIENCE: Final = 6.0  # times as long as asked for, at most
_GAIN: Final = 1.03  # more clients than bring less than this only wait for longer


@dataclass(frozen=True)
class Step:
    """What so many clients got: answers a second, latencies in milliseconds, and requests without a good answer."""

    clients: int
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int = 0


def up(target: Target) -> None:
    """Wait until the server is ready; InputError where it never is."""
    if wait_for_ping(target) >= target.start_seconds:
        raise InputError(
            f"http://{target.host}:{target.port}/ping did not answer 200 within {target.start_seconds:.0f} s; see what "
            "the container wrote, and try the image by itself with `dagger call contract`."
        )


def search(measure: Callable[[int], Step], p99_ms: float) -> list[Step]:
    """Every step that was measured, the best that holds `p99_ms` last.

    Doubles the clients until latency or failures are past the limit or the rate grows no more, then halves the gap
    between the last good and the first bad number. Refused where a single client waits for too long already.
    """
    steps = [measure(1)]
    if not _holds(steps[0], p99_ms):
        raise Refused(
            f"one request at a time has a p99 of {steps[0].p99_ms:.0f} ms already"
            f"{f', {steps[0].failed} of them failed' if steps[0].failed else ''}, and the limit is {p99_ms:g} ms: more "
            "instances do not help; allow more (--p99-ms), or make a request faster (a smaller image_size, int8, a "
            "larger instance)."
        )
    good, bad = 1, 0
    while not bad and good < MOST_CLIENTS:
        steps.append(measure(good * 2))
        if not _holds(steps[-1], p99_ms):
            bad = good * 2
        else:
            grown = steps[-1].rate / steps[-2].rate
            good *= 2
            if grown < _GAIN:
                break
    while bad - good > 1:
        steps.append(measure((good + bad) // 2))
        if _holds(steps[-1], p99_ms):
            good = steps[-1].clients
        else:
            bad = steps[-1].clients
    best = max((step for step in steps if _holds(step, p99_ms)), key=lambda step: step.rate)
    return [*(step for step in steps if step is not best), best]


def measure(target: Target, clients: int, seconds: float) -> Step:
    """So many clients at full load for so long; what was under way before does not count."""
    with under_load(target, clients) as load:
        before, began = len(load.replies), time.monotonic()
        end = began + seconds * _PATIENCE
        while (now := time.monotonic()) < began + seconds or (len(load.replies) - before < LEAST_ANSWERS and now < end):
            time.sleep(0.05)
        took = time.monotonic() - began
        replies = load.replies[before:]
    good = [reply.seconds * 1000 for reply in replies if reply.status == 200]
    failed = len(replies) - len(good) + len(load.lost) + load.refused
    if not good:
        return Step(clients, 0.0, ANSWER_SECONDS * 1000, ANSWER_SECONDS * 1000, max(failed, 1))
    return Step(
        clients,
        round(len(good) / took, 2),
        round(percentile(good, 0.5), 1),
        round(percentile(good, 0.99), 1),
        failed,
    )


def _holds(step: Step, p99_ms: float) -> bool:
    return not step.failed and step.p99_ms <= p99_ms
