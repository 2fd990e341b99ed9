"""`debian:trixie-slim`, bootstrapped from Debian's archive: no registry can be reached, or none is needed."""

import os
import platform
import shlex
from collections.abc import Sequence
from pathlib import Path

from engine.command import run
from engine.oci import ARCHITECTURES, EPOCH, Layout, sha256
from engine.paths import BASE, WORK

REPOSITORY = "library/debian"
TAG = "trixie-slim"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SOURCES = """\
deb http://deb.debian.org/debian trixie main
deb http://deb.debian.org/debian trixie-updates main
deb http://deb.debian.org/debian-security trixie-security main
"""
DPKG = (
    "force-unsafe-io",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    *(f"path-exclude=/usr/share/{name}/*" for name in ("groff", "info", "linda", "lintian", "locale", "man")),
    "path-include=/usr/share/locale/locale.alias",
)
"""The slim image's own rules: no documentation but the copyright files. They stay, so later packages obey them too."""

CERTIFICATES = Path("/usr/local/share/ca-certificates")


def certificates() -> list[Path]:
    """The host's own authorities. Left to the engine, each exec would spend 1.8 s on installing them."""
    return sorted(CERTIFICATES.rglob("*.crt"))


def arguments(target: Path, include: Sequence[str], extra: Sequence[Path]) -> list[str]:
    """The command that bootstraps a root file system into a tar.

    Args:
        target: the tar.
        include: packages beyond the essential ones.
        extra: certificates to bake in.
    """
    hooks = []
    if extra:
        names = " ".join(shlex.quote(str(path)) for path in extra)
        hooks = [
            f'--customize-hook=cp {names} "$1{CERTIFICATES}/"',
            '--customize-hook=chroot "$1" update-ca-certificates >/dev/null',
        ]
    # apt and update-alternatives log the time of the bootstrap; ldconfig's cache holds inode times.
    clean = '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/ldconfig/* "$1"/etc/machine-id'
    return [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        f"--include={','.join(include)}",
        "--aptopt=Acquire::Languages none",
        *(f"--dpkgopt={option}" for option in DPKG),
        *hooks,
        clean,
        "--skip=output/dev",
        "trixie",
        str(target),
        "-",
    ]


def bootstrap(target: Path, include: Sequence[str]) -> None:
    """Writes a tar of a root file system; the same packages give the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    run(
        arguments(target, include, certificates()),
        doing="bootstrapping Debian trixie",
        env={**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)},
        stdin=SOURCES,
    )


def image_digest() -> str:
    """The digest of the base image as it was built last."""
    return Layout(BASE).images()[TAG]


def build() -> None:
    """Makes the base image and records its digest in the layout's index."""
    tar = WORK / "base.tar"
    bootstrap(tar, ["ca-certificates"])
    diff_id = sha256(tar)
    # -n: neither name nor time in the gzip header.
    run(["pigz", "-n", "-f", "-6", str(tar)], doing="compressing the base image")
    layout = Layout(BASE)
    layer = layout.add_layer(tar.with_suffix(".tar.gz"), diff_id=diff_id)
    layout.add_image(TAG, [layer], architecture=ARCHITECTURES[platform.machine()], env=[PATH], command=["bash"])
