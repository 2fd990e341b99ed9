"""Servers as processes of their own, of which only the one that is measured runs."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 120.0


@dataclass
class Server:
    """A server on a port of its own, stopped by SIGSTOP except while it is measured."""

    name: str
    command: list[str]
    port: int
    health: str
    environment: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it is healthy; raises RuntimeError when it never is."""
        environment = {**os.environ, **self.environment}
        said = Path(tempfile.gettempdir(), f"{self.port}.log")
        with said.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self.command], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + START_SECONDS
        while not self._healthy():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError(f"{self.name} does not start: {said.read_text()[-3000:]}")
            time.sleep(0.1)
        self._signal(signal.SIGSTOP)

    def _healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lets it run inside of the `with`."""
        self._signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._signal(signal.SIGSTOP)

    def cpu_seconds(self) -> float:
        """Processor time that it and its children have used."""
        import psutil

        root = psutil.Process(self._process.pid if self._process else None)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return float(sum(one.user + one.system for one in times))

    def end(self) -> None:
        """Kills it with all that it started."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)
