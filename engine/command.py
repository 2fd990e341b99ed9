"""Running other programs."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from engine.errors import CommandFailed


def run(
    argv: Sequence[str],
    *,
    doing: str,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
) -> str:
    """Runs a program and gives its standard output.

    Args:
        argv: program and arguments.
        doing: what it is for, as in "building the engine"; begins the sentence of an error.
        env: the whole environment; inherited if None.
        cwd: working directory.
        stdin: its standard input; empty if None.

    Raises:
        CommandFailed: it could not be started or its exit code is not 0; tells its last lines.
    """
    try:
        done = subprocess.run(
            argv, env=env, cwd=cwd, input=stdin or "", capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise CommandFailed(f"Failed {doing}: `{argv[0]}` could not be started: {error.strerror}.") from error
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise CommandFailed(f"Failed {doing}: `{' '.join(argv)[:300]}` ended with exit code {done.returncode}:\n{last}")
    return done.stdout
