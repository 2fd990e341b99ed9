"""Whether an engine answers: real queries through the command line, as a user's would be."""

import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

VERSION_QUERY = "{version}"


def first_exec(address: str) -> str:
    """A query that pulls an image and runs something in it; never answered from the cache."""
    now = time.time_ns()
    return (
        f'{{container{{from(address:"{address}"){{withEnvVariable(name:"NOW",value:"{now}")'
        '{withExec(args:["true"]){exitCode}}}}}'
    )


def query(cli: Path | str, question: str, runner: str | None, patience: float) -> str | None:
    """Asks and gives None when the answer came, otherwise what was said instead.

    Args:
        cli: the `dagger` program.
        question: GraphQL.
        runner: the engine's address; the command line's own if None.
        patience: seconds.
    """
    env: Mapping[str, str] = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("DAGGER_SESSION", "OTEL_"))},
        **({"_EXPERIMENTAL_DAGGER_RUNNER_HOST": runner} if runner else {}),
        "DAGGER_NO_NAG": "1",
    }
    try:
        done = subprocess.run(
            # -M: the working directory's module, if any, has nothing to do with it.
            [str(cli), "query", "-s", "-M"],
            input=question,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
            cwd="/",
            env=env,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {patience:g} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return None
    return "\n".join((done.stderr or done.stdout).strip().splitlines()[-5:]) or f"exit code {done.returncode}"
