"""Reading a request's body: never more of it than allowed, never longer than allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from starlette.types import Receive

from inference.errors import BodyTooLarge, IncompleteBody
from inference.memory import Memory, Take

DISCARD_SECONDS = 2.0
"""Time given to a client whose body is refused to stop sending and read the answer."""

Result = TypeVar("Result")


class ClientGone(Exception):
    """The client closed its connection: nobody is left to be answered."""


class BodyReader:
    """Reads bodies into the memory that requests may hold."""

    def __init__(self, max_bytes: int, seconds: float, memory: Memory) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._memory = memory

    @asynccontextmanager
    async def read(self, receive: Receive, declared: str | None) -> AsyncIterator[bytes]:
        """The whole body, counted as held until the end of the `async with`.

        `declared` is Content-Length: a body that says it is too large is refused before a byte is read. Raises
        BodyTooLarge, Overloaded, IncompleteBody or ClientGone.
        """
        if declared is not None and declared.isdecimal() and int(declared) > self._max_bytes:
            raise self._too_large()
        body = bytearray()
        with self._memory.share() as take:
            with anyio.move_on_after(self._seconds) as time_limit:
                await self._collect(receive, body, take)
            if time_limit.cancelled_caught:
                raise IncompleteBody(
                    f"The body did not arrive within {self._seconds:g} s ({len(body)} bytes did). "
                    "Send it faster, or a smaller one."
                )
            whole = bytes(body)
            del body  # nobody needs it twice
            yield whole

    async def _collect(self, receive: Receive, body: bytearray, take: Take) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            chunk: bytes = message.get("body", b"")
            more = message.get("more_body", False)
            body += chunk
            if len(body) > self._max_bytes:
                raise self._too_large()
            take(len(chunk))

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(
            f"The body has more than {self._max_bytes} bytes. Send a smaller picture, or raise SLIPWAY_MAX_BODY_BYTES "
            "of the container where the way to it takes more."
        )


async def discard(receive: Receive) -> None:
    """Lets what is left of a refused body run dry for a moment.

    Closing a connection with unread bytes resets it, and the client would lose the answer that says why.
    """
    with anyio.move_on_after(DISCARD_SECONDS):
        while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
            pass


async def while_connected(receive: Receive, work: Callable[[], Awaitable[Result]]) -> Result:
    """The work's result; the work is cancelled, and ClientGone raised, when the client leaves before."""
    results: list[Result] = []
    errors: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            results.append(await work())
        except Exception as error:
            errors.append(error)
        tasks.cancel_scope.cancel()
    if errors:
        raise errors[0]
    if not results:
        raise ClientGone
    return results[0]
