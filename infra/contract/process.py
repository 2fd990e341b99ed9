"""The server as a process that is started, signalled and watched."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.contract.clause import expect
from infra.contract.load import wait_for_ping
from infra.contract.ports import free_port
from infra.contract.sandbox import Sandbox
from infra.contract.target import Target

KILL_SECONDS = 30.0
"""SageMaker sends SIGKILL this long after SIGTERM."""
DEFAULT_PORT = 8080
"""SageMaker sends its requests here."""


@dataclass(frozen=True)
class Command:
    """A command that serves, and the model it serves."""

    words: Sequence[str]
    model: Path
    target: Target
    """How it is spoken to; its host and port are set when the command is started."""
    stop_seconds: float = KILL_SECONDS
    fail_seconds: float = 60.0
    """Time in which a start that cannot succeed must have failed."""
    memory: int = 3 * 2**30
    """Bytes of memory that are enough: the smallest instances for hosting have 4 GiB, and their system takes some."""
    mount_point: str = "/opt/ml/model"
    """Where a model.tar.gz is unpacked."""
    pre_stop: Sequence[str] = ("sleep", "1")
    """What a pod's preStop hook runs in the container; it sleeps longer there."""


@dataclass(frozen=True)
class Running:
    """A started command."""

    command: Command
    process: subprocess.Popen[bytes]
    output: Path
    target: Target

    def wait_until_ready(self) -> None:
        """Returns at the first good /ping; a process that ends before breaks the clause."""
        seconds = wait_for_ping(self.target, lambda: self.process.poll() is None)
        ended = self.process.poll()
        expect(ended is None, f"The process ended with {ended} before GET /ping was 200. It said: {self.said()[-300:]}")
        expect(seconds < self.target.start_seconds, f"GET /ping was not 200 within {self.target.start_seconds:g} s.")

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def exit_code(self, seconds: float) -> int:
        """Waits for the end; a process that does not end in time breaks the clause."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(seconds)
        expect(False, f"The process did not end within {seconds:g} s.")
        raise AssertionError

    def said(self) -> str:
        """Everything written to stdout and stderr."""
        return self.output.read_text(errors="replace")


@contextlib.contextmanager
def started(
    command: Command,
    model: Path | None = None,
    words: Sequence[str] | None = None,
    sandbox: Sandbox | None = None,
    **environment: str,
) -> Iterator[Running]:
    """Starts the command on a free port; at the end nothing is left of it. An empty variable counts as unset."""
    port = int(environment.get("SLIPWAY_PORT", free_port()) or DEFAULT_PORT)
    given = {"SLIPWAY_PORT": str(port), "SLIPWAY_MODEL_DIR": str(model or command.model), **environment}
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **given}
    words = words or command.words
    words = sandbox.words(words) if sandbox else words
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output"
        with output.open("wb") as file:
            process = _popen(words, file.fileno(), variables)
        try:
            yield Running(command, process, output, replace(command.target, host="127.0.0.1", port=port))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _popen(words: Sequence[str], output: int, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(words), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
    )


@contextlib.contextmanager
def model_copy(command: Command) -> Iterator[Path]:
    """A copy of the model directory that may be broken."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "model"
        shutil.copytree(command.model, copy)
        yield copy
