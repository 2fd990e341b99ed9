"""A fixed number of workers, and a queue before them that is not endless."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import anyio
import anyio.to_thread

from inference.errors import Overloaded, TooLate

Tool = TypeVar("Tool")
Result = TypeVar("Result")
NICENESS = 10
"""Added to the niceness of threads that work, so that the event loop, and with it /ping, goes first (nice(2))."""


class Workers(Generic[Tool]):
    """Runs work in threads, one for each tool; the event loop never waits for it."""

    def __init__(
        self, tools: Sequence[Tool], queue_length: int, queue_seconds: float, quiet: Tool | None = None
    ) -> None:
        """Takes a tool for each worker, and perhaps one that any of them uses while at most half are busy."""
        self._quiet = quiet
        self._tools: queue.SimpleQueue[Tool] = queue.SimpleQueue()
        for tool in tools:
            self._tools.put(tool)
        self._places = len(tools) + queue_length
        self._taken = 0
        self._queue_seconds = queue_seconds
        self._limiter = anyio.CapacityLimiter(len(tools))
        # As many threads as workers: by default there are 40, on a machine of however many cores.
        self._threads = anyio.CapacityLimiter(len(tools))

    @property
    def waiting(self) -> int:
        """Pieces of work that no thread has begun."""
        return self._limiter.statistics().tasks_waiting

    async def run(self, work: Callable[[Tool], Result]) -> tuple[Result, float]:
        """Runs work with a tool, first come first served; returns its result and the seconds it waited.

        Raises Overloaded when the queue is full and TooLate when no worker came free in time. Cancelled while it waits,
        the work is never begun; once begun, it is finished.
        """
        if self._taken >= self._places:
            raise Overloaded(
                f"All {self._places} places for requests are taken. Send it again in a second, or run more instances."
            )
        self._taken += 1
        arrived = time.perf_counter()
        try:
            with anyio.move_on_after(self._queue_seconds):
                await self._limiter.acquire()
                try:
                    waited = time.perf_counter() - arrived
                    quiet = self._quiet if 2 * self._limiter.borrowed_tokens <= self._limiter.total_tokens else None
                    return await anyio.to_thread.run_sync(self._with_tool, work, quiet, limiter=self._threads), waited
                finally:
                    self._limiter.release()
        finally:
            self._taken -= 1
        raise TooLate(
            f"No worker came free within {self._queue_seconds:g} s. Send the request again, or run more instances."
        )

    def _with_tool(self, work: Callable[[Tool], Result], quiet: Tool | None) -> Result:
        _step_back()
        if quiet is not None:
            return work(quiet)
        tool = self._tools.get_nowait()
        try:
            return work(tool)
        finally:
            self._tools.put(tool)


_priority = threading.local()


def _step_back() -> None:
    if not getattr(_priority, "low", False):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(19, os.getpriority(os.PRIO_PROCESS, thread) + NICENESS))
        _priority.low = True
