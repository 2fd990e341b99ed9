"""The server's page in a real browser, in the engine: `dagger check page`, as a person types it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(1800)
def test_the_page_does_what_it_promises() -> None:
    environment = {**os.environ, "DAGGER_NO_NAG": "1"}
    command = ["dagger", "--progress=plain", "check", "page"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
