"""Images between a registry and a folder or file, by skopeo, which has its own retries and skips what is there.

`--preserve-digests` from an `oci:` layout keeps Docker's manifest byte for byte, and with it the digest.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import CloudUnusable, InputError

if TYPE_CHECKING:
    from infra.registry import Repository


def push(repository: Repository, layout: Path, tag: str) -> None:
    """Send the image of an OCI layout, with its digest kept; CloudUnusable says why not."""
    said = _copy({"dest": repository}, "--preserve-digests", f"oci:{layout}", f"{_address(repository)}:{tag}")
    if said:
        raise CloudUnusable(
            f"the image could not be pushed to {repository.uri}: {said}; nothing was tagged, run publish again."
        )


def pull(repository: Repository, digest: str, tarball: Path) -> None:
    """Fetch an image as an OCI tarball; CloudUnusable says why not."""
    said = _copy({"src": repository}, f"{_address(repository)}@{digest}", f"oci-archive:{tarball}")
    if said:
        tarball.unlink(missing_ok=True)
        raise CloudUnusable(f"{digest} could not be pulled from {repository.uri}: {said}; run pull again.")


def copy(source: Repository, digest: str, target: Repository, tag: str) -> None:
    """Send an image from one registry to another, with its digest kept; CloudUnusable says why not."""
    sides = {"src": source, "dest": target}
    said = _copy(sides, "--preserve-digests", f"{_address(source)}@{digest}", f"{_address(target)}:{tag}")
    if said:
        raise CloudUnusable(
            f"{digest} could not be copied from {source.uri} to {target.uri}: {said}; nothing was tagged, run again."
        )


def _address(repository: Repository) -> str:
    return f"docker://{repository.host}/{repository.name}"


def _copy(sides: dict[str, Repository], *arguments: str) -> str:
    """Run `skopeo copy`; what it said last if it failed, else nothing. `sides` are registries: src, dest or both."""
    skopeo = shutil.which("skopeo")
    if skopeo is None:
        raise InputError("skopeo is not installed, and it moves images; install it (apt-get install skopeo).")
    with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
        command = [skopeo, "--insecure-policy", "copy", "--quiet", "--retry-times", "3"]
        for side, repository in sides.items():
            if repository.plain:
                command.append(f"--{side}-tls-verify=false")
            if repository.authorization:
                # A file that only we can read: what is in argv can be read by every process of the machine.
                login = Path(folder, f"{side}.json")
                login.touch(0o600)
                token = repository.authorization.removeprefix("Basic ")
                login.write_text(json.dumps({"auths": {repository.host: {"auth": token}}}))
                command += [f"--{side}-authfile", str(login)]
        result = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return ""
    return (result.stderr.strip().splitlines() or [f"exit code {result.returncode}"])[-1]
