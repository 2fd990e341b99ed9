"""What comes from Debian's archive, under apt's signatures."""

import os
import shutil
from pathlib import Path

from engine.command import run

PROVIDES = {
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "dnsmasq-base": "/usr/sbin/dnsmasq",
    "git": "/usr/bin/git",
    "iproute2": "/usr/bin/ip",
    "iptables": "/usr/sbin/iptables",
    "mmdebstrap": "/usr/bin/mmdebstrap",
    "pigz": "/usr/bin/pigz",
    "runc": "/usr/sbin/runc",
}
"""Debian package → the file that we need of it."""


def missing() -> list[str]:
    """Packages whose file is not there."""
    return [name for name, file in PROVIDES.items() if not Path(file).exists()]


def install(names: list[str]) -> None:
    """Installs them without what they merely recommend."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], doing="reading Debian's package lists", env=env)
    run(
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names],
        doing="installing Debian packages",
        env=env,
    )


def take_registry(work: Path, target: Path) -> None:
    """Takes the program out of Debian's docker-registry. Installed, the package would start a service of its own."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    doing = "fetching Debian's docker-registry"
    if not any(Path("/var/lib/apt/lists").glob("*Packages*")):
        run(["apt-get", "update", "-qq"], doing=doing)
    run(["apt-get", "download", "-qq", "docker-registry"], doing=doing, cwd=work)
    (archive,) = work.glob("docker-registry_*.deb")
    run(["dpkg-deb", "--extract", str(archive), str(work / "root")], doing=doing)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(work / "root/usr/bin/docker-registry", target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)
    shutil.rmtree(work)
