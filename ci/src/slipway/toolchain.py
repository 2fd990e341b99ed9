"""The base containers that the steps run in. Each installs from Debian and from the project's lock file only."""

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar

import dagger
from dagger import dag

DEBIAN = "debian:trixie-slim"
UV = "uv==0.13.8"
PYTHON = "3.13"
"""Debian trixie's Python: what the image and every step run."""


_ANEW = ContextVar("anew", default="")


@contextlib.contextmanager
def anew() -> Iterator[None]:
    """What is described in the `with` shares no step with what the engine has run before."""
    token = _ANEW.set(uuid.uuid4().hex)
    try:
        yield
    finally:
        _ANEW.reset(token)


def debian(*packages: str, platform: dagger.Platform | None = None) -> dagger.Container:
    """Debian trixie with packages of its own archive, no trace of apt, and no time of the installation."""
    base = dag.container(platform=platform).from_(DEBIAN)
    if not packages:
        return base
    # Where the base has no /dev the engine makes one, with the time of day.
    base = base.with_directory("/", dag.directory().with_new_directory("dev").with_timestamps(0))
    install = (
        'start=$(date +%s) && apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null'
        " && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/ldconfig/*"
        " && find / -xdev -newermt @$start -writable -exec touch -hcd @0 {} +"
    )
    return (
        base.with_env_variable("DEBIAN_FRONTEND", "noninteractive")
        .with_env_variable("SLIPWAY_ANEW", _ANEW.get())
        .with_mounted_cache("/var/cache/apt", dag.cache_volume("slipway-apt"), sharing=dagger.CacheSharingMode.LOCKED)
        .with_exec(["sh", "-c", install, "apt", *sorted(packages)])
        .without_mount("/var/cache/apt")
        .without_env_variable("SLIPWAY_ANEW")
        .without_env_variable("DEBIAN_FRONTEND")
    )


def uv() -> dagger.Container:
    """Python and uv, at a pinned version; downloads are kept between runs."""
    return (
        debian("ca-certificates", "python3", "python3-venv")
        .with_env_variable("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        .with_env_variable("PATH", "/opt/uv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .with_mounted_cache("/root/.cache", dag.cache_volume("slipway-python"))
        .with_env_variable("UV_LINK_MODE", "copy")
        .with_exec(["python3", "-m", "venv", "/opt/uv"])
        .with_exec(["/opt/uv/bin/pip", "install", "-q", "--disable-pip-version-check", UV])
    )


async def requirements(locks: dagger.Directory, group: str) -> dagger.Directory:
    """The locked packages of one dependency group, with their hashes, as a folder with `requirements.txt`.

    The engine keys its cache by how a thing was made. The text is read back and written anew, so that what comes
    after depends on these packages alone and not on the rest of pyproject.toml and uv.lock.

    Args:
        locks: holds pyproject.toml and uv.lock.
        group: a name of pyproject.toml's dependency-groups.
    """
    export = ["uv", "export", "-q", "--frozen", "--only-group", group, "--no-header", "--no-annotate"]
    text = await uv().with_directory("/project", locks).with_workdir("/project").with_exec(export).stdout()
    return dag.directory().with_new_file("requirements.txt", text)


def site_packages(locked: dagger.Directory) -> dagger.Directory:
    """Locked packages installed into a folder of their own, byte-compiled; the result moves between containers."""
    install = ["uv", "pip", "install", "-q", "--require-hashes", "--no-deps", "--compile-bytecode"]
    return (
        uv()
        .with_directory("/locked", locked)
        .with_exec([*install, "--python-version", PYTHON, "--target", "/site", "-r", "/locked/requirements.txt"])
        .directory("/site")
    )


async def python(locks: dagger.Directory, group: str, *packages: str) -> dagger.Container:
    """Debian's Python with one locked dependency group on its path."""
    return (
        debian("ca-certificates", "python3", *packages)
        .with_env_variable("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_mounted_directory("/opt/site", site_packages(await requirements(locks, group)))
        .with_env_variable("PYTHONPATH", "/opt/site:/src")
        .with_workdir("/src")
    )
