"""The stages of the build, and in which order they run."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import binaries, checks, debian, official, packages, registry, sdks
from engine.paths import BASE, BIN, CACHE, CONTENT, SOURCE, STAMPS, WORK
from engine.say import say
from engine.stamps import Stage


def _go_inputs(*, own_engine: bool) -> tuple[str | Path, ...]:
    return (
        SOURCE / "go.mod",
        SOURCE / "go.sum",
        SOURCE / "distconsts",
        *binaries.flags(own_engine=own_engine),
        checks.go_version() or "",
    )


def official_cli(program: Path) -> Stage:
    """The command line alone, for a host with Docker."""
    inputs = _go_inputs(own_engine=False)
    return Stage("official-cli", inputs, (program,), lambda: official.build_cli(program))


def stages() -> list[Stage]:
    """Registry, base, binaries, go-sdk, python-sdk; each has among its inputs what it depends on."""
    base = (SOURCE / "debian.py", SOURCE / "oci.py", *debian.certificates())
    go = _go_inputs(own_engine=True)
    return [
        Stage("registry", (SOURCE / "packages.py",), (registry.PROGRAM,), _take_registry),
        Stage("base", base, (BASE / "index.json",), debian.build),
        Stage(
            "binaries",
            (*go, SOURCE / "binaries.py"),
            tuple(BIN / name for name in (*binaries.PROGRAMS, *binaries.LINKS, "dnsmasq")),
            binaries.build,
        ),
        Stage("go-sdk", (*base, *go), (CONTENT / "index.json",), _build_go_sdk),
        Stage("python-sdk", (*go[:2], SOURCE / "python-sdk"), (CONTENT / "index.json",), sdks.build_python),
    ]


def is_built() -> bool:
    """Whether the expensive part has been built before, in whatever version."""
    return (BIN / "engine").exists() and (CONTENT / "index.json").exists()


def build() -> None:
    """Builds what is not current: Debian's part beside Go's, because one waits for the network and one for the CPU."""
    registry_program, base, programs, go_sdk, python_sdk = everything = stages()
    if all(stage.is_current(STAMPS) for stage in everything):
        return
    began = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir()
    if not programs.is_current(STAMPS):
        say(f"building into {CACHE}; from nothing it takes about six minutes on two cores")

    def ensure(stage: Stage) -> None:
        started = time.monotonic()
        if stage.ensure(STAMPS):
            say(f"built {stage.name} in {time.monotonic() - started:.0f} s")

    def debian_part() -> None:
        ensure(registry_program)
        ensure(base)
        if not go_sdk.is_current(STAMPS):
            sdks.bootstrap_go_root()

    with ThreadPoolExecutor(2) as pool:
        parts = [pool.submit(debian_part), pool.submit(ensure, programs)]
    for part in parts:
        part.result()
    ensure(go_sdk)
    ensure(python_sdk)
    shutil.rmtree(WORK)
    say(f"everything is built after {time.monotonic() - began:.0f} s")


def _take_registry() -> None:
    packages.take_registry(WORK / "registry", registry.PROGRAM)


def _build_go_sdk() -> None:
    if not sdks.GIT_ROOT.exists():
        sdks.bootstrap_go_root()
    sdks.build_go()
