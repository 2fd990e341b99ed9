"""Runs an image's command as a process of this machine: for tests of the cloud itself, without an engine.

The command comes from the label ``slipway.process.command`` (a JSON list) and otherwise is the image's entrypoint
with the argument ``serve``. The port is given in ``SLIPWAY_PORT``; ModelDataUrl is unpacked to ``SLIPWAY_MODEL_DIR``.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import tarfile
import tempfile
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.localcloud.errors import LaunchError
from infra.localcloud.launchers.launcher import ContainerSpec
from infra.localcloud.registry import Registry

COMMAND_LABEL = "slipway.process.command"
# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html: SIGTERM, SIGKILL 30 s later.
STOP_GRACE_S = 30


@dataclass
class ProcessContainer:
    """A process that stands for a container."""

    process: subprocess.Popen[bytes]
    url: str
    directory: TemporaryDirectory[str]
    last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=5))

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()

    def _read_output(self) -> None:
        if self.process.stdout:
            for line in self.process.stdout:
                self.last_lines.append(line.decode(errors="replace").rstrip())

    def exit_reason(self) -> str | None:
        """The exit code and the last lines of output."""
        code = self.process.poll()
        if code is None:
            return None
        self._reader.join(timeout=1)
        output = f": {' | '.join(self.last_lines)}" if self.last_lines else ""
        return f"it exited with code {code}{output}"

    def stop(self) -> None:
        """SIGTERM to the process group, SIGKILL after the grace."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(STOP_GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.directory.cleanup()


class ProcessLauncher:
    """Starts commands named by images."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def prepare(self) -> None:
        """Nothing is needed beforehand."""

    def start(self, spec: ContainerSpec) -> ProcessContainer:
        """Start the image's command with SageMaker's environment."""
        config = self._registry.config(spec.manifest).get("config", {})
        label = (config.get("Labels") or {}).get(COMMAND_LABEL)
        command = json.loads(label) if label else [*(config.get("Entrypoint") or []), "serve"]
        directory = TemporaryDirectory(prefix="localcloud-", dir=tempfile.gettempdir())
        environment = {**os.environ, **_image_environment(config), **spec.environment}
        if spec.model_archive is not None:
            with tarfile.open(fileobj=io.BytesIO(spec.model_archive), mode="r:*") as archive:
                archive.extractall(directory.name, filter="data")
            environment["SLIPWAY_MODEL_DIR"] = directory.name
        port = _free_port()
        environment["SLIPWAY_PORT"] = str(port)
        try:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=Path(directory.name),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            directory.cleanup()
            raise LaunchError(f"The command {command} of {spec.manifest.digest} cannot be started: {error}.") from error
        return ProcessContainer(process, f"http://127.0.0.1:{port}", directory)

    def close(self) -> None:
        """Nothing is held beside the containers."""


def _image_environment(config: dict[str, list[str] | None]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in config.get("Env") or [] if not entry.startswith("PATH="))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
