"""A thread that looks after something: every second, and at once when it is woken."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable

from infra.localcloud.clock import Clock

TICK_S = 1.0  # seconds
_LOG = logging.getLogger(__name__)


class Supervisor(ABC):
    """Looks at the state and has threads of its own do what is to be done."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._name = name
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name=name, daemon=True)

    def start(self) -> None:
        """Begin; what a dead process left behind is taken up at once."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: something has changed."""
        self._wake.set()

    def close(self) -> None:
        """Wait until no thread of it touches the state any more; the clock must be stopping."""
        self._wake.set()
        self._thread.join()
        for worker in list(self.workers()):
            worker.join()

    @abstractmethod
    def look(self) -> None:
        """Begin whatever is to be done now."""

    @abstractmethod
    def workers(self) -> Iterable[threading.Thread]:
        """The threads that are at it."""

    def _supervise(self) -> None:
        while not self._clock.stopping.is_set():
            self._wake.clear()
            try:
                self.look()
            except Exception:
                _LOG.exception("%s could not be looked after; trying again", self._name)
            self._wake.wait(TICK_S)
