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
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.contract.ports import free_port
from infra.localcloud.errors import LaunchError
from infra.localcloud.launchers.launcher import ContainerSpec, read_output
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
    output: Path

    def exit_reason(self) -> str | None:
        """The exit code and the last lines of output."""
        code = self.process.poll()
        if code is None:
            return None
        last = self.output.read_text(errors="replace").splitlines()[-5:]
        return f"it exited with code {code}{': ' if last else ''}{' | '.join(last)}"

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

    def __init__(self, registry: Registry, outputs: Path) -> None:
        """Takes the registry, and the folder for what the processes write."""
        self._registry = registry
        self._outputs = outputs

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
        port = free_port()
        environment["SLIPWAY_PORT"] = str(port)
        self._outputs.mkdir(exist_ok=True)
        output = self._outputs / spec.name
        try:
            with output.open("ab") as written:
                process = subprocess.Popen(
                    command,
                    env=environment,
                    cwd=Path(directory.name),
                    stdout=written,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            directory.cleanup()
            raise LaunchError(f"The command {command} of {spec.manifest.digest} cannot be started: {error}.") from error
        return ProcessContainer(process, f"http://127.0.0.1:{port}", directory, output)

    def output(self, name: str) -> bytes:
        """What was written under that name."""
        return read_output(self._outputs, name)

    def close(self) -> None:
        """Nothing is held beside the containers."""


def _image_environment(config: dict[str, list[str] | None]) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in config.get("Env") or [] if not entry.startswith("PATH="))
