"""Progress for people on stderr, one line a step, and how long each step took."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Step:
    """A step that is over: its name and how long it took in seconds."""

    name: str
    seconds: float


@dataclass
class Progress:
    """Says what is going on; `prefix` tells apart what runs at the same time."""

    prefix: str = ""
    steps: list[Step] = field(default_factory=list)
    current: str = "start"
    _began: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """One line: seconds since the start, step, text."""
        sys.stderr.write(f"{time.monotonic() - self._began:7.1f} s  {self.prefix}{self.current}: {text}\n")
        sys.stderr.flush()

    def beside(self, prefix: str) -> Progress:
        """Another one on the same clock, for what runs at the same time."""
        return Progress(prefix, _began=self._began)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A named step; its time is kept, also when it fails."""
        before, self.current = self.current, name
        began = time.monotonic()
        try:
            yield
            self.current = before
        finally:
            self.steps.append(Step(name, round(time.monotonic() - began, 3)))
