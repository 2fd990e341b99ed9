"""The GitHub workflow, run by act on this machine as GitHub runs it there: the same file, events and checkout."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.checkout import ROOT, commit, copy

# The first check after a change of the locked packages installs and analyses everything anew.
LONGEST_CHECK_S = 1500
pytestmark = pytest.mark.timeout(LONGEST_CHECK_S + 60)

ROLE = "arn:aws:iam::123456789012:role/slipway"
PUSH = {"ref": "refs/heads/main", "repository": {"default_branch": "main"}}
# Where a shell saw one word of this pull request, `make pwned` would run.
INJECTION = '"; make pwned; $(make pwned) `make pwned` #'
PULL_REQUEST = {
    "number": 7,
    "pull_request": {
        "number": 7,
        "title": INJECTION,
        "body": INJECTION,
        "head": {"ref": INJECTION, "label": INJECTION, "repo": {"full_name": INJECTION, "fork": True}},
        "base": {"ref": "main"},
        "user": {"login": INJECTION},
    },
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose one commit is this tree as it stands."""
    checkout = tmp_path / "checkout"
    copy(checkout)
    return checkout


def act(
    checkout: Path, event: str, payload: dict[str, Any], path: str = os.environ["PATH"]
) -> subprocess.CompletedProcess[str]:
    """Run the workflow for an event, with the variables of a repository that has an AWS account."""
    scratch = checkout.parent
    (scratch / "event.json").write_text(json.dumps(payload))
    return subprocess.run(
        [
            # Ends the whole group of processes, not go alone.
            *("timeout", str(LONGEST_CHECK_S)),
            *("go", "-C", str(ROOT / "tools" / "act"), "tool", "act", event),
            *("--directory", str(checkout), "--eventpath", str(scratch / "event.json")),
            *("--platform", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-"),
            *("--var", f"AWS_ROLE_ARN={ROLE}", "--var", "AWS_REGION=eu-west-1"),
            *("--action-cache-path", str(scratch / "act"), "--no-cache-server"),
        ],
        env={**os.environ, "PATH": path, "ACT_DISABLE_VERSION_CHECK": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_a_pull_request_is_checked(checkout: Path) -> None:
    ran = act(checkout, "pull_request", PULL_REQUEST)
    assert ran.returncode == 0, ran.stdout
    assert "Success - Main Run the pipeline" in ran.stdout


def test_a_broken_rule_fails_the_workflow(checkout: Path) -> None:
    """An import that nobody uses, which ruff calls F401."""
    (checkout / "inference" / "broken.py").write_text('"""Broken."""\n\nimport os\n')
    commit(checkout)
    ran = act(checkout, "pull_request", PULL_REQUEST)
    assert ran.returncode != 0, ran.stdout
    assert "Failure - Main Run the pipeline" in ran.stdout
    assert "F401" in ran.stdout


@pytest.mark.parametrize(
    ("event", "payload", "made"),
    [
        ("pull_request", PULL_REQUEST, ["check", "", ""]),
        ("push", PUSH, ["deploy", ROLE, "eu-west-1"]),
    ],
)
def test_the_event_alone_decides_what_is_made(
    event: str, payload: dict[str, Any], made: list[str], checkout: Path
) -> None:
    """A make that only writes down how it was called: which target, and whether it was given the role."""
    tools = checkout.parent / "bin"
    tools.mkdir()
    called = checkout.parent / "called"
    (tools / "make").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" "$AWS_ROLE_ARN" "$AWS_REGION" >>{called}\nls -a >{called}.files\n'
    )
    (tools / "make").chmod(0o755)
    ran = act(checkout, event, payload, path=f"{tools}:{os.environ['PATH']}")
    assert ran.returncode == 0, ran.stdout
    assert called.read_text().split("\n")[:-1] == made
    assert ".github" in Path(f"{called}.files").read_text().split()
