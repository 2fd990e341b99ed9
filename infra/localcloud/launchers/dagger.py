"""Runs images through the Dagger session that this process was given, as services of the engine it lives in."""

from __future__ import annotations

from pathlib import Path

from infra.localcloud.errors import LaunchError
from infra.localcloud.launchers.launcher import Container, ContainerSpec
from infra.localcloud.registry import Registry


class DaggerLauncher:
    """Takes images from the registry by digest and starts them as services."""

    def __init__(self, registry: Registry, directory: Path) -> None:
        self._registry = registry
        self._directory = directory

    def start(self, spec: ContainerSpec) -> Container:
        """Start the image as SageMaker does."""
        raise LaunchError(f"The dagger launcher cannot start {spec.name} yet.")

    def close(self) -> None:
        """Close the session."""
