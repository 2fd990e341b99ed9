from __future__ import annotations

import tracemalloc
from collections.abc import Callable, MutableMapping
from typing import Any

import anyio
import pytest

from inference.bodies import reader
from inference.bodies.reader import BodyReader, ClientGone, discard, while_connected
from inference.errors import BodyTooLarge, IncompleteBody, Overloaded
from inference.memory import Memory

Message = MutableMapping[str, Any]


def sending(*chunks: bytes, complete: bool = True) -> Callable[[], Any]:
    """A connection on which the chunks arrive; without `complete` the client closes it after them."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append(
        {"type": "http.request", "body": b"", "more_body": False} if complete else {"type": "http.disconnect"}
    )

    async def receive() -> Message:
        return messages.pop(0)

    return receive


async def silent() -> Message:
    await anyio.sleep_forever()
    raise AssertionError


async def test_a_body_is_put_together() -> None:
    async with BodyReader(10, 5, Memory(10)).read(sending(b"ab", b"", b"cd"), None) as data:
        assert data == b"abcd"


async def test_a_body_is_in_memory_once() -> None:
    receive = sending(*(bytes(100_000) for _ in range(20)))
    tracemalloc.start()
    async with BodyReader(2_000_000, 5, Memory(2_000_000)).read(receive, None) as data:
        assert tracemalloc.get_traced_memory()[0] < 1.5 * len(data)
    tracemalloc.stop()


async def test_a_body_of_the_largest_size_is_taken_and_one_more_byte_is_not() -> None:
    reader = BodyReader(4, 5, Memory(100))
    async with reader.read(sending(b"ab", b"cd"), "4") as data:
        assert data == b"abcd"
    with pytest.raises(BodyTooLarge, match="SLIPWAY_MAX_BODY_BYTES"):
        async with reader.read(sending(b"ab", b"cde"), None):
            pass


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    with pytest.raises(BodyTooLarge):
        async with BodyReader(4, 5, Memory(100)).read(silent, "5"):
            pass


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    async def receive() -> Message:
        receive_calls.append(1)
        return {"type": "http.request", "body": b"x" * 10, "more_body": True}

    receive_calls: list[int] = []
    with pytest.raises(BodyTooLarge):
        async with BodyReader(100, 5, Memory(1000)).read(receive, None):
            pass
    assert len(receive_calls) == 11


async def test_a_body_that_does_not_come_is_a_sentence() -> None:
    with pytest.raises(IncompleteBody, match=r"0\.02 s"):
        async with BodyReader(4, 0.02, Memory(100)).read(silent, "3"):
            pass


async def test_a_client_that_leaves_while_sending() -> None:
    with pytest.raises(ClientGone):
        async with BodyReader(4, 5, Memory(100)).read(sending(b"a", complete=False), None):
            pass


async def test_all_bodies_together_are_bounded_and_given_back() -> None:
    reader = BodyReader(4, 5, Memory(6))
    async with reader.read(sending(b"abcd"), None):
        with pytest.raises(Overloaded):
            async with reader.read(sending(b"abc"), None):
                pass
        async with reader.read(sending(b"ab"), None) as data:
            assert data == b"ab"
    for _ in range(3):
        async with reader.read(sending(b"abcd"), None) as data:
            assert data == b"abcd"


async def test_the_rest_of_a_refused_body_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    await discard(sending(b"a", b"b"))
    await discard(sending(b"a", complete=False))
    monkeypatch.setattr(reader, "DISCARD_SECONDS", 0.01)
    with anyio.fail_after(5):
        await discard(silent)


async def test_work_goes_on_while_the_client_is_there() -> None:
    async def work() -> str:
        await anyio.sleep(0.01)
        return "done"

    assert await while_connected(silent, work) == "done"


async def test_work_for_a_client_that_left_is_cancelled() -> None:
    cancelled = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        except anyio.get_cancelled_exc_class():
            cancelled.append(1)
            raise

    with pytest.raises(ClientGone):
        await while_connected(sending(complete=False), work)
    assert cancelled == [1]


async def test_an_error_of_the_work_is_raised_as_it_is() -> None:
    async def work() -> None:
        raise Overloaded("full")

    with pytest.raises(Overloaded, match="full"):
        await while_connected(silent, work)
