"""An engine that need not be made: the official one in Docker, or one elsewhere that the environment names."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from engine import binaries, health
from engine.command import run
from engine.errors import RunnerUnreachable
from engine.paths import BIN, SOURCE

RUNNER_HOST = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"
PULL = 600.0
"""Seconds; the first query pulls the official engine's image."""


def docker_works() -> bool:
    """Whether a Docker daemon answers; the client alone is not enough."""
    try:
        done = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def cli(path: str | None = None) -> Path | None:
    """The `dagger` on the PATH, unless it is ours with our engine's address compiled in."""
    found = shutil.which("dagger", path=path)
    if found is None or Path(found).resolve() == (BIN / "dagger").resolve():
        return None
    return Path(found)


def any_cli() -> Path | None:
    """The `dagger` on the PATH, ours too: an engine named in the environment wins over the one compiled in."""
    found = shutil.which("dagger")
    return Path(found) if found else None


def named_runner(environment: Mapping[str, str]) -> str | None:
    """The engine that the environment names."""
    return environment.get(RUNNER_HOST) or None


def verify_runner(program: Path, runner: str) -> None:
    """Asks the engine that the environment names.

    Raises:
        RunnerUnreachable: it does not answer.
    """
    if said := health.query(program, health.VERSION_QUERY, runner, PULL):
        raise RunnerUnreachable(
            f"{RUNNER_HOST} is {runner}, but no engine answers there: start it, correct the address, or unset the "
            f"variable to get an engine on this host.\n{said}"
        )


def build_cli(program: Path) -> None:
    """Builds the command line alone; it has no engine's address compiled in. Go fetches the Go that go.mod asks for.

    Raises:
        CommandFailed: Go cannot build it; what was there before stays.
    """
    program.parent.mkdir(parents=True, exist_ok=True)
    fresh = program.with_name(f".{program.name}.new")
    run(
        ["go", "build", *binaries.flags(own_engine=False), "-o", str(fresh), f"{binaries.MODULE}/cmd/dagger"],
        doing="building the dagger command line from its Go modules",
        env={**binaries.environment(), "GOTOOLCHAIN": "auto"},
        cwd=SOURCE,
    )
    fresh.replace(program)
