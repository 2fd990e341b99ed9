"""Latency of two servers, measured in pairs: a picture to the old one, the new one, the new one and the old one again.

What else the machine does then falls on both, and so does what it costs to be asked first; the ratio of such a pair is
steadier than either time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from infra.capacity.search import up
from infra.contract.target import FAILURES, Reply
from infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from http.client import HTTPConnection

    from infra.contract.target import Target
    from infra.regress.pictures import Picture

RESAMPLES: Final = 2000
LEAST_PAIRS: Final = 20
_WARM_UP: Final = 3


@dataclass(frozen=True)
class Latency:
    """Medians in milliseconds; `ratio` is the median of new over old of each pair, with its 95 % interval."""

    pairs: int
    old_ms: float
    new_ms: float
    ratio: float
    low: float
    high: float


class Asker:
    """One server that is ready, under a name for sentences, asked over a connection that is kept."""

    def __init__(self, name: str, target: Target) -> None:
        up(target)
        self.name = name
        self._target = target
        self._connection: HTTPConnection = target.connect()

    def ask(self, picture: Picture) -> Reply:
        """The answer to a picture; InputError where there is none, or it is no success."""
        try:
            reply = self._target.send_on(
                self._connection, "POST", "/invocations", picture.data, Content_Type=picture.content_type
            )
        except FAILURES as error:
            raise InputError(
                f"the {self.name} image gave no answer to {picture.name}: {error!r}; see its log."
            ) from None
        if reply.status != 200:
            raise InputError(
                f"the {self.name} image answered {picture.name} with {reply.status} {reply.body[:200]!r}; take that "
                "picture out, or mend the image."
            )
        return reply

    def info(self) -> dict[str, Any]:
        """What the server says of itself: GET /info."""
        return self._target.send("GET", "/info").json()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def measure(old: Asker, new: Asker, pictures: Sequence[Picture], seconds: float) -> Latency:
    """Ask both for so many seconds, and for at least 20 pairs of two requests each."""
    for picture in islice(cycle(pictures), _WARM_UP):
        old.ask(picture)
        new.ask(picture)
    times: list[tuple[float, float]] = []
    end = time.monotonic() + seconds
    for picture in cycle(pictures):
        if time.monotonic() >= end and len(times) >= LEAST_PAIRS:
            break
        first, second, third, fourth = (server.ask(picture).seconds for server in (old, new, new, old))
        times.append(((first + fourth) / 2, (second + third) / 2))
    return summarize(np.asarray(times))


def summarize(times: np.ndarray[Any, np.dtype[np.float64]]) -> Latency:
    """Of pairs of seconds (pairs, 2), old and new: medians and the interval of the ratio.

    The interval is a percentile bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13).
    """
    ratios = times[:, 1] / times[:, 0]
    chosen = np.random.default_rng(1).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[chosen], axis=1), [2.5, 97.5])
    old_ms, new_ms = np.median(times, axis=0) * 1000
    return Latency(len(ratios), *(round(float(one), 4) for one in (old_ms, new_ms, np.median(ratios), low, high)))
