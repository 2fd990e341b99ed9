"""From the first byte of the socket to the last answer: listen, load, serve, drain, exit."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Generator
from importlib import import_module
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import uvicorn

from inference import logs
from inference.connection import IDLE_SECONDS, PatientConnection
from inference.errors import StartError
from inference.identity import read_build
from inference.listener import let_nobody_in, listen
from inference.server import build_app
from inference.service import Phase, Service
from inference.settings import Settings, unknown_variables

if TYPE_CHECKING:
    from inference.pipeline import Pipeline

QUIET_SECONDS = 0.25
"""Without a request for this long after SIGTERM, nobody sends any more."""
SILENT_SECONDS = 1.0
"""A client that is connected when the server stops has this long to say what it wants."""


class DrainingServer(uvicorn.Server):
    """uvicorn, whose signals and shutdown are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves signals to `_Life`: uvicorn would stop listening at once."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Lets nobody in any more, accepts who is at the door and hears what they want, then closes."""
        for listener in sockets or []:
            let_nobody_in(listener)
        await anyio.sleep(QUIET_SECONDS)
        connections = self.server_state.connections
        with anyio.move_on_after(SILENT_SECONDS - QUIET_SECONDS):
            while any(isinstance(one, PatientConnection) and one.is_silent for one in connections):  # noqa: ASYNC110
                await anyio.sleep(QUIET_SECONDS / 5)
        await super().shutdown(sockets)


def serve(settings: Settings) -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code: 0 after every request was answered, else 1.

    Raises StartError when the port is taken. A model that cannot be loaded is logged and ends the process with 1: that
    is how SageMaker notices.
    """
    # A thread that waits for the interpreter's lock, such as the event loop, gets it ten times sooner than by default.
    sys.setswitchinterval(0.0005)
    build = read_build()
    listener = listen(settings.port)
    service = Service(settings, build)
    logs.event("start", build=build, port=listener.getsockname()[1], workers=settings.workers, threads=settings.threads)
    for name in unknown_variables(os.environ):
        logs.event("unknown_setting", level="warning", setting=name, hint="Nothing reads it. Is it misspelt?")
    life = _Life(service, listener)
    anyio.run(life.run)
    return life.exit_code


class _Life:
    """The life of the process."""

    def __init__(self, service: Service, listener: socket.socket) -> None:
        self.exit_code = 0
        self._service = service
        self._listener = listener
        self._loading = True
        self._server = DrainingServer(
            uvicorn.Config(
                build_app(service),
                http=PatientConnection,
                ws="none",
                lifespan="off",
                loop="asyncio",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=int(IDLE_SECONDS),
            )
        )

    async def run(self) -> None:
        """Listens at once, and loads the model beside it."""
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._load)
                tasks.start_soon(self._drain_on, signals)
                await self._server.serve([self._listener])
                tasks.cancel_scope.cancel()
        unanswered = self._service.active + self._service.cut_off
        self.exit_code = self.exit_code or int(unanswered > 0)
        logs.event("exit", code=self.exit_code, unanswered=unanswered)
        if unanswered or self._loading:
            # A thread is still in native code: waiting for it may take for ever, and a tidy exit may tear it apart.
            os._exit(self.exit_code)

    async def _load(self) -> None:
        start = time.perf_counter()
        try:
            pipeline = await anyio.to_thread.run_sync(_load_pipeline, self._service.settings, abandon_on_cancel=True)
        except StartError as error:
            self._fail(str(error))
        except Exception as error:
            self._fail(f"The model cannot be loaded ({error!r}). Export it again.")
        else:
            if reason := pipeline.runtime.get("fallback"):
                logs.event("cpu_fallback", level="warning", message=f"SLIPWAY_CPU_FALLBACK is set. {reason}")
            self._service.ready(pipeline)
            logs.event("ready", seconds=round(time.perf_counter() - start, 3), **self._service.info())
            # It takes Prometheus' library with it; the first request need not wait for that, nor the first /ping.
            await anyio.to_thread.run_sync(import_module, "inference.metrics", abandon_on_cancel=True)
        self._loading = False

    def _fail(self, sentence: str) -> None:
        logs.event("model_failed", level="error", message=sentence)
        self.exit_code = 1
        self._server.should_exit = True

    async def _drain_on(self, signals: AsyncIterator[signal.Signals]) -> None:
        """On the first signal: /ping turns 503, requests are answered until none comes, then the server stops."""
        name = (await anext(signals)).name
        service, settings, start = self._service, self._service.settings, time.monotonic()
        service.phase = Phase.DRAINING
        logs.event("draining", signal=name, active=service.active)
        with anyio.move_on_after(settings.linger_seconds):
            while service.active or time.monotonic() - max(start, service.last_activity) < QUIET_SECONDS:  # noqa: ASYNC110
                await anyio.sleep(QUIET_SECONDS / 5)
        left = settings.drain_seconds - SILENT_SECONDS - (time.monotonic() - start)
        self._server.config.timeout_graceful_shutdown = max(1, int(left))
        self._server.should_exit = True


def _load_pipeline(settings: Settings) -> Pipeline:
    # Half of the start-up time: imported here, beside a server that listens already.
    from inference.pipeline import Pipeline  # noqa: PLC0415

    return Pipeline.load(
        settings.model_dir,
        settings.workers,
        settings.threads,
        settings.max_pixels,
        device=settings.device,
        cpu_fallback=settings.cpu_fallback,
        quiet_threads=settings.quiet_threads,
        batch=settings.batch,
        batch_seconds=settings.batch_milliseconds / 1000,
    )
