"""Where something was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """The processor as its maker calls it, the cores that this process may use, and those that the server had."""

    processor: str
    cores: int
    server_cores: int

    @classmethod
    def here(cls, server_cores: int | None = None) -> Machine:
        """Where it is called; without a number, the server had all cores."""
        cores = len(os.sched_getaffinity(0))
        return cls(_processor(), cores, min(cores, server_cores or cores))

    @property
    def shared(self) -> bool:
        """Whether the client that asked had no core of its own."""
        return self.server_cores >= self.cores

    def client_aside(self) -> None:
        """Keep this process off the server's cores, which are the first ones, where there are others."""
        if not self.shared:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[self.server_cores :])

    def __str__(self) -> str:
        beside = "which the client shared" if self.shared else "the client on others"
        cores = "1 core" if self.server_cores == 1 else f"{self.server_cores} cores"
        return f"measured in the engine, on {self.processor} with {cores} for the server, {beside}; not on an instance"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.machine()
