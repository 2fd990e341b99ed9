"""The Go programs: command line, engine, and what the engine needs beside it. Their modules are pinned by go.sum."""

import os
import shutil
from pathlib import Path

from engine.command import run
from engine.paths import BIN, DEFAULT_SOCKET, SOURCE, VERSION, WORK

MODULE = "github.com/dagger/dagger"
PROGRAMS = ("dagger", "engine", "init", "codegen", "dnsname")
LINKS = {
    "runc": "/usr/sbin/runc",
    "bridge": "/usr/lib/cni/bridge",
    "firewall": "/usr/lib/cni/firewall",
    "host-local": "/usr/lib/cni/host-local",
    "loopback": "/usr/lib/cni/loopback",
}
"""Programs from Debian that the engine looks for in its own folder."""


def flags(*, own_engine: bool) -> tuple[str, ...]:
    """Arguments of `go build`.

    Args:
        own_engine: whether the command line is to reach our engine without any environment variable.
    """
    variables = {f"{MODULE}/engine.Version": VERSION, f"{MODULE}/engine.Tag": VERSION}
    if own_engine:
        variables["main.RunnerHost"] = f"unix://{DEFAULT_SOCKET}"
    link = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in variables.items())])
    # The two tags are those of the official build; without them codegen misses features.
    return ("-trimpath", "-buildvcs=false", "-tags=dfexcludepatterns,dfparents", f"-ldflags={link}")


def environment() -> dict[str, str]:
    """For `go`: no C compiler, no other module settings than go.mod's, no toolchain from the network."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly", "GOWORK": "off", "GOTOOLCHAIN": "local"}


def build() -> None:
    """Builds all programs into the cache folder; a running engine keeps the ones it was started with."""
    fresh = WORK / "bin"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    run(
        ["go", "build", *flags(own_engine=True), "-o", f"{fresh}/", *(f"{MODULE}/cmd/{name}" for name in PROGRAMS)],
        doing="building the engine from its Go modules",
        env=environment(),
        cwd=SOURCE,
    )
    BIN.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        (fresh / name).replace(BIN / name)
    fresh.rmdir()
    for name, target in LINKS.items():
        link = BIN / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    # The engine's dnsmasq would bind port 53 of every address: systemd-resolved or another engine may be on one.
    wrapper = BIN / "dnsmasq"
    wrapper.write_text('#!/bin/sh\nexec /usr/sbin/dnsmasq --bind-dynamic "$@"\n')
    wrapper.chmod(0o755)


def module_folder() -> Path:
    """Where Go keeps the sources of Dagger's module."""
    where = run(
        ["go", "list", "-m", "-f", "{{.Dir}}", MODULE],
        doing="finding the sources of Dagger's module",
        env=environment(),
        cwd=SOURCE,
    )
    return Path(where.strip())
