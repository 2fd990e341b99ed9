from __future__ import annotations

import pytest

from inference.errors import Overloaded, UrlFailed
from inference.memory import Memory
from inference.remote.addresses import AllowList
from inference.remote.fetch import fetch
from tests.unit.inference.remote.hosts import answer, host


def test_shares_are_counted_together_and_given_back() -> None:
    memory = Memory(10)
    with memory.share() as one, memory.share() as other:
        one(6)
        other(4)
        with pytest.raises(Overloaded):
            other(1)
    assert memory.held == 0


async def test_what_is_fetched_is_held_as_it_comes_and_given_back() -> None:
    memory, local = Memory(100), AllowList.parse("127.0.0.0/8")
    async with host(answer(b"x" * 90), answer(b"x" * 110), answer(b"x" * 90)) as (url, _):
        with memory.share() as take:
            await fetch(url, local, 1000, 5, take)
            assert memory.held == 90
        with pytest.raises(Overloaded), memory.share() as take:
            await fetch(url, local, 1000, 5, take)
        with pytest.raises(UrlFailed), memory.share() as take:
            await fetch(url, local, 50, 5, take)
    assert memory.held == 0
