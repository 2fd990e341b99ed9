"""`python -m tests.soak [--seconds 600] [--model DIR]`: exit code 1 when something grew or an answer changed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from infra.contract.process import Command, started
from infra.contract.target import Target
from tests.contract.samples import samples
from tests.contract.tiny_model import write_tiny_model
from tests.soak.run import soak

SERVE = [sys.executable, "-m", "inference", "serve"]


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long; 600 unless given")
    parser.add_argument("--model", type=Path, help="a model directory; a tiny model of the tests unless given")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        model = arguments.model or write_tiny_model(Path(folder) / "model", rectangular=True)
        bodies = samples()
        target = Target("127.0.0.1", 0, bodies[0][0], start_seconds=120)
        with started(Command(SERVE, model, target), SLIPWAY_LOG_LEVEL="error") as running:
            running.wait_until_ready()
            found = soak(running, bodies, arguments.seconds)
    print(found.summary())
    failures = found.failures()
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
