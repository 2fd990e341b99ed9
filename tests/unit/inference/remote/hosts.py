"""Hosts on this machine that say what they are told to."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import SocketAttribute, SocketStream


def answer(body: bytes = b"picture", status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


@asynccontextmanager
async def host(*answers: bytes, pause: float = 0) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A host that gives one answer to each connection, in turn; yields its address and what it was asked."""
    asked: list[bytes] = []

    async def serve(stream: SocketStream) -> None:
        async with stream:
            asked.append(await stream.receive())
            reply = answers[min(len(asked), len(answers)) - 1]
            pieces = [bytes([byte]) for byte in reply] if pause else [reply]
            try:
                for piece in pieces:
                    await stream.send(piece)
                    await anyio.sleep(pause)
            except anyio.BrokenResourceError:
                pass

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, serve)
        yield f"http://127.0.0.1:{port}", asked
        tasks.cancel_scope.cancel()
