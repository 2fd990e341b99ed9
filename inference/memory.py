"""The memory that requests may hold together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from inference.errors import Overloaded

Take = Callable[[int], None]
"""Is told of bytes that are held from now on, and may refuse them by raising."""


class Memory:
    """Counts bytes, and refuses what goes beyond the limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    @contextmanager
    def share(self) -> Iterator[Take]:
        """Yields what takes bytes, or raises Overloaded; all that was taken is given back at the end of the `with`."""
        taken = 0

        def take(count: int) -> None:
            nonlocal taken
            taken += count
            self.held += count
            if self.held > self._limit:
                raise Overloaded("The memory for requests is taken. Send it again in a second, or run more instances.")

        try:
            yield take
        finally:
            self.held -= taken
