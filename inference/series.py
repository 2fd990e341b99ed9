"""Several pieces of work at a time, whose results are handed on in the order that they were asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

Result = TypeVar("Result")


@dataclass
class _Place(Generic[Result]):
    done: anyio.Event = field(default_factory=anyio.Event)
    result: Result | None = None
    error: Exception | None = None


async def in_order(
    jobs: Iterable[Callable[[], Awaitable[Result]]], width: int, take: Callable[[Result], Awaitable[None]]
) -> None:
    """Runs jobs, at most `width` at a time and none before there is room for its result; `take` gets each result.

    The first error of a job or of `take` ends the rest and is raised.
    """
    places: deque[_Place[Result]] = deque()
    failure: Exception | None = None

    async def run(job: Callable[[], Awaitable[Result]], place: _Place[Result]) -> None:
        try:
            place.result = await job()
        except Exception as error:
            place.error = error
        place.done.set()

    async def hand_on() -> None:
        place = places[0]
        await place.done.wait()
        if place.error is not None:
            raise place.error
        await take(place.result)  # type: ignore[arg-type]
        places.popleft()

    async with anyio.create_task_group() as tasks:
        try:
            coming = iter(jobs)
            while True:
                if len(places) == width:
                    await hand_on()
                if (job := next(coming, None)) is None:
                    break
                places.append(_Place())
                tasks.start_soon(run, job, places[-1])
            while places:
                await hand_on()
        except Exception as error:
            failure = error
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
