"""Waiting in the local cloud's time, which tests may run faster than the wall clock's."""

from __future__ import annotations

import threading
import time


class Clock:
    """``scale`` is wall seconds for one second of AWS; 1 in use, less in tests. Waits end early on ``stop``."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.stopping = threading.Event()

    def seconds(self, aws_seconds: float) -> float:
        """Wall seconds for a duration that an AWS document or a request names."""
        return aws_seconds * self.scale

    def elapsed(self, since: float) -> float:
        """Seconds of AWS since a point of ``time.time()``."""
        return (time.time() - since) / self.scale if self.scale else float("inf")

    def pause(self, wall_seconds: float) -> bool:
        """Wait; False when the process is stopping."""
        return not self.stopping.wait(wall_seconds)
