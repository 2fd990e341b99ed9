"""The real server with one thing wrong: an application around its own, for each clause that must notice."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inference.connection import PatientConnection
from inference.pipeline import Pipeline
from inference.server import build_app
from inference.service import Service
from inference.settings import Settings

Fault = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
Edit = Callable[[int, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]


@contextlib.contextmanager
def serving(model: Path, fault: Fault | None = None, **settings: Any) -> Iterator[int]:
    """Serves in a thread, with a fault or without; yields the port."""
    service = Service(Settings(**settings), "build-of-the-test")
    service.ready(Pipeline.load(model, service.settings.workers, 1, service.settings.max_pixels))
    app: ASGIApp = build_app(service)
    sound = app

    async def faulty(scope: Scope, receive: Receive, send: Send) -> None:
        assert fault
        await fault(sound, scope, receive, send)

    config = uvicorn.Config(
        faulty if fault else app, http=PatientConnection, ws="none", lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        thread.join()


def when(path: str, fault: Fault) -> Fault:
    """The fault shows at this path only."""

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await (fault if scope["path"] == path else whole)(app, scope, receive, send)

    return run


async def whole(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """No fault."""
    await app(scope, receive, send)


def late(seconds: float) -> Fault:
    """Answers too late."""

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.sleep(seconds)
        await app(scope, receive, send)

    return run


def answering(status: int, body: bytes = b"", if_: Callable[[Scope], bool] = lambda _: True) -> Fault:
    """Answers without looking at the request."""

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if not if_(scope):
            return await app(scope, receive, send)
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    return run


def edited(edit: Edit) -> Fault:
    """Changes the answer."""

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        begun: dict[str, Any] = {}

        async def change(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.update(message)
                return
            headers = {name.decode(): value.decode() for name, value in begun["headers"]}
            status, headers, body = edit(begun["status"], headers, message.get("body", b""))
            headers["content-length"] = str(len(body))
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body})

        await app(scope, receive, change)

    return run


def header(name: str, value: str | None) -> Edit:
    """Sets or removes a header of the answer."""

    def edit(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        headers = {key: kept for key, kept in headers.items() if key != name}
        return status, headers if value is None else {**headers, name: value}, body

    return edit


def document(change: Callable[[dict[str, Any]], object]) -> Edit:
    """Changes good answers' JSON in place."""

    def edit(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        if status == 200:
            answer = json.loads(body)
            change(answer)
            body = json.dumps(answer).encode()
        return status, headers, body

    return edit


def status_instead(wrong: int, right: int) -> Edit:
    """Answers with another status."""

    def edit(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        return wrong if status == right else status, headers, body

    return edit


def plain_errors(status: int, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Errors as text."""
    return status, headers, body if status == 200 else b"no"


async def read_first(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the whole body, however large, before anything is decided."""
    chunks, more = [], True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        chunks.append(message.get("body", b""))
        more = message.get("more_body", False)
    messages: list[Message] = [{"type": "http.request", "body": b"".join(chunks), "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    await app(scope, again, send)


def broken_by_leaving() -> Fault:
    """Answers no more once a client has left."""
    state = {"broken": False}

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        if state["broken"]:
            return await answering(500)(app, scope, receive, send)
        finished = False

        async def watch() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect" and not finished:
                state["broken"] = True
            return message

        await app(scope, watch, send)
        finished = True

    return run


def slow_in_company(seconds: float) -> Fault:
    """GET /ping waits while there is anything to do."""
    active = 0

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal active
        if scope["path"] == "/ping":
            if active:
                await anyio.sleep(seconds)
            return await app(scope, receive, send)
        active += 1
        try:
            await app(scope, receive, send)
        finally:
            active -= 1

    return run


def different_in_company() -> Fault:
    """What is found depends on how many requests are worked on."""
    active = 0

    async def run(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal active
        active += 1
        company = active

        def shift(answer: dict[str, Any]) -> None:
            for found in answer.get("detections", []) if company > 1 else []:
                found["box"][0] += 0.01

        try:
            await edited(document(shift))(app, scope, receive, send)
        finally:
            active -= 1

    return run
