from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import anyio
import pytest

from inference.series import in_order

Job = Callable[[], Awaitable[int]]


class Work:
    """Jobs that end when they are told to."""

    def __init__(self, count: int) -> None:
        self.ends = [anyio.Event() for _ in range(count)]
        self.begun: list[int] = []
        self.taken: list[int] = []

    def jobs(self) -> Iterator[Job]:
        for number in range(len(self.ends)):
            yield partial(self._job, number)

    async def _job(self, number: int) -> int:
        self.begun.append(number)
        await self.ends[number].wait()
        return number

    async def take(self, number: int) -> None:
        self.taken.append(number)


async def test_results_come_in_order_and_no_more_is_begun_than_there_is_room_for() -> None:
    work = Work(4)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(in_order, work.jobs(), 2, work.take)
        await anyio.wait_all_tasks_blocked()
        assert work.begun == [0, 1]
        work.ends[1].set()
        await anyio.wait_all_tasks_blocked()
        assert (work.begun, work.taken) == ([0, 1], [])
        work.ends[0].set()
        await anyio.wait_all_tasks_blocked()
        assert (work.begun, work.taken) == ([0, 1, 2, 3], [0, 1])
        work.ends[3].set()
        work.ends[2].set()
    assert work.taken == [0, 1, 2, 3]


async def test_the_next_job_is_made_when_there_is_room_for_it() -> None:
    made: list[int] = []

    async def job(number: int) -> int:
        assert made == list(range(number + 1))
        return number

    def jobs() -> Iterator[Job]:
        for number in range(3):
            made.append(number)
            yield partial(job, number)

    await in_order(jobs(), 1, Work(0).take)
    assert made == [0, 1, 2]


async def test_an_error_of_a_job_or_of_who_takes_ends_the_rest_and_is_raised_as_it_is() -> None:
    async def fail() -> int:
        raise ZeroDivisionError

    async def refuse(_: int) -> None:
        raise KeyError

    work = Work(1)
    with pytest.raises(ZeroDivisionError):
        await in_order(iter([fail, *work.jobs()]), 2, work.take)
    assert work.taken == []
    work.ends[0].set()
    with pytest.raises(KeyError):
        await in_order(work.jobs(), 2, refuse)
