"""The seam between SageMaker hosting and whatever can run a container."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.localcloud.registry import Manifest


def read_output(folder: Path, name: str) -> bytes:
    """What the containers of a name wrote into the folder for outputs; nothing before the first."""
    path = folder / name
    return path.read_bytes() if path.exists() else b""


@dataclass(frozen=True)
class ContainerSpec:
    """One model container as SageMaker would start it.

    ``name`` is unique for the fleet and the variant; ``environment`` is the model's; ``model_archive`` holds the
    bytes of model.tar.gz for /opt/ml/model, or None.
    """

    name: str
    manifest: Manifest
    environment: dict[str, str]
    model_archive: bytes | None = None


class Container(Protocol):
    """A started container."""

    @property
    def url(self) -> str:
        """Where its port 8080 answers: ``http://host:port``."""

    def exit_reason(self) -> str | None:
        """Why it ended, as a clause ("it exited with code 1: …"); None while it runs or when that is not known."""

    def stop(self) -> None:
        """Send SIGTERM, then SIGKILL 30 s later; returns when it has ended."""


class Launcher(Protocol):
    """Starts containers. ``start`` returns as soon as the process runs, before it is healthy."""

    def prepare(self) -> None:
        """Do now what the first start would wait for; called when a start is likely."""

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container or raise LaunchError."""

    def output(self, name: str) -> bytes:
        """What the containers started under that name wrote to stdout and stderr; nothing where that is not known."""

    def close(self) -> None:
        """Release what the launcher holds; every container is stopped before."""
