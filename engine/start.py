"""Starting an instance and waiting until it has run a container."""

import json
import shutil
import subprocess
import time
from collections.abc import Callable

from engine import configuration, debian, health, registry, residue, sdks, supervisor
from engine.errors import StartFailed
from engine.instance import Instance
from engine.paths import BIN, SOURCE, STAMPS
from engine.stamps import digest

PATIENCE = 90.0
"""Seconds until a started engine must answer; it takes 2, more on a loaded machine."""
LOADED = 120.0
"""Seconds that a running engine, which may be busy with builds, gets to answer before it is taken for dead."""


def configure(instance: Instance) -> str:
    """Writes the configuration; gives a digest of everything that a start of the engine depends on."""
    for folder in (instance.logs, instance.state, instance.home / "stage"):
        folder.mkdir(parents=True, exist_ok=True)
    files = {
        "engine.json": configuration.engine_json(instance, shutil.disk_usage(instance.state).total),
        "engine.toml": configuration.engine_toml(instance),
        "registry.json": registry.configuration(instance),
    }
    for name, text in files.items():
        (instance.home / name).write_text(text)
    return digest(
        json.dumps(files, sort_keys=True),
        json.dumps(sdks.digests(), sort_keys=True),
        debian.image_digest(),
        *supervisor.engine_command(instance),
        *((STAMPS / name).read_text() for name in ("binaries", "registry")),
        SOURCE / "supervisor.py",
        SOURCE / "namespace.sh",
    )


def unfit(instance: Instance, configured: str) -> str | None:
    """Why the running engine has to be started anew; None when it is as configured and answers."""
    file = instance.home / "started-with"
    if not file.is_file() or file.read_text() != configured:
        return "what it was started with has changed"
    if said := ask(instance, health.VERSION_QUERY, LOADED):
        return f"it does not answer ({said.splitlines()[-1]})"
    return None


def start(instance: Instance, configured: str) -> None:
    """Starts the supervisor and waits until a container has run.

    Raises:
        StartFailed: it did not; everything is taken down again.
    """
    instance.run.mkdir(parents=True, exist_ok=True)
    residue.CNI.mkdir(parents=True, exist_ok=True)
    process = supervisor.start(instance)
    try:
        _wait_for("the registry", instance, process, lambda: _registry(instance))
        registry.ensure_base(instance)
        _wait_for("the engine", instance, process, lambda: _version(instance))
        _run_container(instance)
    except BaseException:
        supervisor.stop(instance)
        residue.clear(instance)
        residue.remove_places(instance)
        raise
    (instance.home / "started-with").write_text(configured)


def ask(instance: Instance, question: str, patience: float) -> str | None:
    """None when the instance answers, otherwise what was said instead."""
    return health.query(BIN / "dagger", question, instance.runner_host, patience)


def _registry(instance: Instance) -> str | None:
    return None if registry.answers(instance) else "nothing listens yet"


def _version(instance: Instance) -> str | None:
    return ask(instance, health.VERSION_QUERY, 20) if instance.socket.exists() else "there is no socket yet"


def _run_container(instance: Instance) -> None:
    if said := ask(instance, health.first_exec(f"docker.io/{debian.REPOSITORY}:{debian.TAG}"), PATIENCE):
        raise StartFailed(f"The engine answers, but cannot run a container: {said}\n{_tail(instance)}")


def _wait_for(
    what: str, instance: Instance, process: "subprocess.Popen[bytes]", question: Callable[[], str | None]
) -> None:
    deadline = time.monotonic() + PATIENCE
    while said := question():
        if process.poll() is not None:
            raise StartFailed(f"The supervisor ended before {what} was up.\n{_tail(instance)}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{what.capitalize()} did not come up within {PATIENCE:g} s: {said}.\n{_tail(instance)}")
        time.sleep(0.05)


def _tail(instance: Instance, lines: int = 15) -> str:
    parts = []
    for name in ("supervisor", "registry", "engine"):
        file = instance.logs / f"{name}.log"
        if file.is_file():
            parts += [f"--- {file}", *file.read_text(errors="replace").splitlines()[-lines:]]
    return "\n".join(parts)
