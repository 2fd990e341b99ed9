from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import anyio
import pytest

from inference.errors import Overloaded, TooLate
from inference.workers import Workers


@asynccontextmanager
async def busy(workers: Workers[str], count: int = 1) -> AsyncIterator[threading.Event]:
    """Keeps workers busy until the event is set, or the `async with` ends."""
    release, begun = threading.Event(), threading.Semaphore(0)

    def work(_: str) -> None:
        begun.release()
        assert release.wait(10)

    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(workers.run, work)
        for _ in range(count):
            await anyio.to_thread.run_sync(begun.acquire)
        try:
            yield release
        finally:
            release.set()


async def test_work_is_done_with_a_tool_of_its_own() -> None:
    workers = Workers(["a", "b", "c"], 0, 5)
    together, used = threading.Barrier(3), []

    def work(tool: str) -> None:
        together.wait(10)
        used.append(tool)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(workers.run, work)
    assert sorted(used) == ["a", "b", "c"]


async def test_all_workers_of_a_large_machine_work_at_the_same_time() -> None:
    workers = Workers(["tool"] * 96, 0, 5)
    together = threading.Barrier(96)
    async with anyio.create_task_group() as tasks:
        for _ in range(96):
            tasks.start_soon(workers.run, lambda _: together.wait(5))


async def test_the_result_and_the_wait_are_told() -> None:
    workers = Workers(["a"], 1, 5)
    result, waited = await workers.run(str.upper)
    assert result == "A"
    assert 0 <= waited < 1


async def test_the_queue_ends_and_is_free_again_afterwards() -> None:
    workers = Workers(["a"], 2, 5)
    async with busy(workers) as release, anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(workers.run, str.upper)
        await until(lambda: workers.waiting == 2)
        with pytest.raises(Overloaded, match="3 places"):
            await workers.run(str.upper)
        release.set()
    assert (await workers.run(str.upper))[0] == "A"


async def test_first_come_first_served() -> None:
    workers, order = Workers(["a"], 10, 5), list[int]()
    async with busy(workers) as release, anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(workers.run, partial(append, order, number))
            await until(partial(queued, workers, number + 1))
        release.set()
    assert order == [0, 1, 2, 3, 4]


async def test_who_waits_too_long_is_told_and_the_work_never_begun() -> None:
    workers, begun = Workers(["a"], 1, 0.05), list[str]()
    async with busy(workers):
        with pytest.raises(TooLate):
            await workers.run(begun.append)
    assert begun == []
    assert (await workers.run(str.upper))[0] == "A"


async def test_work_of_a_client_that_left_the_queue_is_never_begun() -> None:
    workers, begun = Workers(["a"], 1, 5), list[str]()
    async with busy(workers), anyio.create_task_group() as tasks:
        tasks.start_soon(workers.run, begun.append)
        await until(lambda: workers.waiting == 1)
        tasks.cancel_scope.cancel()
    assert begun == []
    assert (await workers.run(str.upper))[0] == "A"


async def test_work_that_began_is_finished_before_the_tool_is_given_on() -> None:
    workers, finished = Workers(["a"], 1, 5), []
    begun, release = threading.Event(), threading.Event()

    def work(_: str) -> None:
        begun.set()
        assert release.wait(10)
        finished.append(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.run, work)
        await anyio.to_thread.run_sync(begun.wait)
        tasks.cancel_scope.cancel()
        threading.Timer(0.05, release.set).start()
    assert finished == [1]
    assert (await workers.run(str.upper))[0] == "A"


async def test_work_that_fails_gives_its_place_and_tool_back() -> None:
    workers = Workers(["a"], 0, 5)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await workers.run(lambda _: 1 // 0)
    assert (await workers.run(str.upper))[0] == "A"


async def test_while_at_most_half_are_busy_the_quiet_tool_is_used() -> None:
    workers, used = Workers(["a", "b", "c", "d"], 4, 5, quiet="quiet"), list[str]()
    for others in range(4):
        async with AsyncExitStack() as stack:
            for _ in range(others):
                await stack.enter_async_context(busy(workers))
            await workers.run(used.append)
    assert used[:2] == ["quiet", "quiet"]
    assert len(used) == 4
    assert "quiet" not in used[2:]


async def test_one_worker_has_its_own_tool_only() -> None:
    assert (await Workers(["a"], 0, 5, quiet="quiet").run(str.upper))[0] == "A"


def append(order: list[int], number: int, _: str) -> None:
    order.append(number)


def queued(workers: Workers[str], count: int) -> bool:
    return workers.waiting == count


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not condition():  # noqa: ASYNC110 - the queue has no event to wait for
            await anyio.sleep(0.001)
