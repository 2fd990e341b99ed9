"""The CDK's own command, on an assembly that is ready: it never runs the app."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from infra.errors import CloudUnusable, InputError, RolloutFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_QUIET = {"CDK_DISABLE_CLI_TELEMETRY": "true", "CDK_DISABLE_LEGACY_EXPORT_WARNING": "1", "NO_COLOR": "1"}
_NO_BOOTSTRAP = "Has the environment been bootstrapped?"


def bootstrap(account: str, region: str, say: Callable[[str], None]) -> None:
    """Make what the CDK deploys with, from an empty folder: beside a cdk.json it would run the app."""
    _run(["bootstrap", f"aws://{account}/{region}"], say, f"the bootstrap of {region}")


def deploy(assembly: Path, stacks: Sequence[str], say: Callable[[str], None]) -> None:
    """Deploy stacks as they are in the assembly; what exists, has the wanted name and would be kept is taken over."""
    words = ["deploy", "--app", str(assembly.resolve()), "--require-approval", "never", "--import-existing-resources"]
    _run([*words, "--progress", "events", *stacks], say, "the deployment")


def diff(assembly: Path, stacks: Sequence[str]) -> str:
    """How the deployed templates differ from the assembly's, for people."""
    told: list[str] = []
    # By templates: a change set of a stack that is not there yet would have to be made and removed.
    _run(["diff", "--app", str(assembly.resolve()), "--method", "template", *stacks], told.append, "the comparison")
    return "\n".join(told).strip() + "\n"


def _run(words: Sequence[str], say: Callable[[str], None], what: str) -> None:
    command = shutil.which("cdk")
    if command is None:
        raise InputError(
            "the CDK's command is not here; install it with `npm ci --prefix tools/cdk` and put "
            "tools/cdk/node_modules/.bin on the PATH."
        )
    with tempfile.TemporaryDirectory() as empty:
        process = subprocess.Popen(
            [command, *words, "--no-notices", "--ci"],
            cwd=empty,
            env={**os.environ, **_QUIET, **_endpoint()},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = []
        with process:
            for line in process.stdout or ():
                lines.append(line.rstrip())
                say(line.rstrip())
    if process.returncode:
        raise _failure(what, lines)


def _failure(what: str, lines: list[str]) -> Exception:
    text = "\n".join(lines)
    if _NO_BOOTSTRAP in text:
        return CloudUnusable(f"{what} failed: the CDK's bootstrap is missing there; run `stacks bootstrap` first.")
    said = next((line.removeprefix("‣").strip() for line in reversed(lines) if line.strip()), "it said nothing")
    why = next((line.partition("_FAILED")[2] for line in lines if "_FAILED" in line), said)
    return RolloutFailed(
        f"{what} failed: {' '.join(why.replace('|', ' ').split())}; CloudFormation has taken that stack back, those "
        "before it are deployed; mend what it names and run again."
    )


def _endpoint() -> dict[str, str]:
    """The address of a local cloud as numbers: of a name the CDK would make one for each bucket."""
    url = os.environ.get("AWS_ENDPOINT_URL")
    if not url:
        return {}
    parts = urlsplit(url)
    try:
        host = socket.gethostbyname(parts.hostname or "")
    except OSError as error:
        raise CloudUnusable(f"{url} cannot be reached: {error}; check AWS_ENDPOINT_URL.") from None
    return {"AWS_ENDPOINT_URL": urlunsplit(parts._replace(netloc=f"{host}:{parts.port or 80}"))}
