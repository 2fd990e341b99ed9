"""Deploys that are killed at every call: the old release answers every request, and the next deploy finishes."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.aws.release.conftest import ROOT, begin
from tests.aws.release.faults.conftest import DEPLOYER, ours

if TYPE_CHECKING:
    from tests.aws.release.conftest import Enter, Project
    from tests.aws.release.faults.conftest import Faults, Traffic

TOML = """
project = "{project}"
region = "eu-west-1"

[environments.dev]
keep = 1
instance_count = 2
alarms = [{{ metric = "Invocation5XXErrors", threshold = 0 }}]
rollout = {{ type = "canary", percent = 50, bake_seconds = 10 }}
"""
# All calls of an update that change something, in their order.
WRITES = (
    "CreateModel",
    "CreateEndpointConfig",
    "PutMetricAlarm",
    "UpdateEndpoint",
    "DeleteModel",
    "DeleteEndpointConfig",
    "DeleteAlarms",
    "AddTags",
)
# A call of each step that only looks, and how many of that name are made before it.
READS = {
    "plan": ("DescribeEndpoint", 0),
    "publish": ("DescribeRepositories", 0),
    "preflight": ("GetRole", 0),
    "wait": ("DescribeEndpoint", 3),
    "smoke": ("InvokeEndpoint", 0),
    "prune": ("ListModels", 0),
}


@dataclass
class Life:
    """A project that goes on from test to test: its files, what is live, and the number of the next image."""

    folder: Path
    name: str
    build: str = ""
    release: str = ""
    numbers: Iterator[int] = field(default_factory=itertools.count)


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    folder = tmp_path_factory.mktemp("killed")
    return Life(folder, begin(folder, TOML))


@pytest.fixture(scope="module")
def processes() -> Iterator[subprocess.Popen[str]]:
    """What makes processes that deploy."""
    command = [sys.executable, "-m", "tests.aws.release.faults.deployer"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def project(life: Life, enter: Enter, faults: Faults) -> Project:
    """One with a live release and the one before, so that the next makes one to remove."""
    project = enter(life.folder, life.name)
    while len(project.configs()) < 2:
        deploy(project, life, layout(project, life))
    return project


def layout(project: Project, life: Life) -> list[str]:
    """Arguments to deploy an image that is not published yet."""
    life.build = f"build{next(life.numbers)}"
    return ["--layout", str(project.layout(life.build)), *project.wanted("")[2:]]


def deploy(project: Project, life: Life, arguments: list[str]) -> None:
    done = project.call("deploy", *arguments)
    assert done.code == 0, done.err
    life.release = done.report["release"]


Kill = Callable[[str], None]


@pytest.fixture
def kill(
    project: Project,
    life: Life,
    faults: Faults,
    processes: subprocess.Popen[str],
    asking: Callable[..., Traffic],
) -> Kill:
    """Deploys, kills that at the call that is held, and deploys again."""

    def kill(operation: str) -> None:
        before = life.build, life.release
        traffic, arguments = asking(project), layout(project, life)
        assert processes.stdin is not None
        assert processes.stdout is not None
        told = [project.arguments("deploy", *arguments), project.environment | {"AWS_ACCESS_KEY_ID": DEPLOYER}]
        processes.stdin.write(json.dumps(told) + "\n")
        processes.stdin.flush()
        child = int(processes.stdout.readline())
        try:
            assert faults.held() == operation
        finally:
            os.kill(child, signal.SIGKILL)
            assert int(processes.stdout.readline()) == -signal.SIGKILL
        faults.end()
        deploy(project, life, arguments)
        traffic.stop()
        assert set(traffic.answers) <= {before[0], life.build}
        assert project.live() == life.build
        kept = sorted([before[1], life.release])
        alarm = f"{project.name}/dev/Invocation5XXErrors/{life.release.removeprefix(project.endpoint() + '-')}"
        assert ours(project) == {
            "models": kept,
            "configs": kept,
            "endpoints": [project.endpoint()],
            "alarms": [alarm],
        }

    return kill


@pytest.mark.parametrize("done", [False, True], ids=["unheard", "done"])
@pytest.mark.parametrize("number", range(len(WRITES)), ids=WRITES)
def test_killed_while_it_changes_something(kill: Kill, faults: Faults, number: int, done: bool) -> None:
    faults.calls("writes", "hold", after=number, done=done)
    kill(WRITES[number])


@pytest.mark.parametrize("step", READS)
def test_killed_while_it_looks(kill: Kill, faults: Faults, step: str) -> None:
    operation, before = READS[step]
    faults.calls(operation, "hold", after=before)
    kill(operation)


def test_no_other_call_of_an_update_changes_anything(project: Project, life: Life, faults: Faults) -> None:
    """What WRITES leaves out would be killed nowhere."""
    arguments = layout(project, life)
    faults.calls("writes", "slow", seconds=0)
    deploy(project, life, arguments)
    assert faults.met() == len(WRITES)
