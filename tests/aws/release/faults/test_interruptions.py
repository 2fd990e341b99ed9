"""Deploys killed, interrupted, or run two at a time: the old release answers, the next run finishes the job."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from infra.release import endpoint as endpoint_module

if TYPE_CHECKING:
    import subprocess

    from tests.aws.release.conftest import Project


def _until(process: subprocess.Popen[str], text: str) -> None:
    """Read the process's progress up to the line that has `text`."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if text in line:
            return
    pytest.fail(f"the process ended before it said {text!r}:\n{''.join(lines)}")


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130), (signal.SIGTERM, 130)], ids=["KILL", "INT", "TERM"]
)
def test_interrupted_wait_is_picked_up_by_the_next_deploy(project: Project, number: signal.Signals, code: int) -> None:
    project.deploy(project.publish("old"))
    digest = project.publish("new", warm_after=2.5)
    process = project.spawn(project.arguments("deploy", *project.wanted(digest)))
    _until(process, "Updating")
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    if number != signal.SIGKILL:
        assert "error: interrupted during rollout" in err
        assert "Traceback" not in err
    assert project.live() == "old"
    resumed = project.deploy(digest)
    assert resumed.code == 0, resumed.err
    assert resumed.report["plan"].startswith("wait")
    assert resumed.report["smoke"]["build"] == "new"
    assert project.deploy(digest).report["outcome"] == "unchanged"


def test_deploy_killed_between_model_and_endpoint_blocks_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    from infra.release import deploy as deploy_module

    old = project.deploy(project.publish("old")).report["release"]

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    digest = project.publish("new")
    with monkeypatch.context() as patch:
        patch.setattr(deploy_module, "start", killed)
        interrupted = project.deploy(digest)
    assert interrupted.code == 130
    assert "was interrupted" in interrupted.out
    assert (project.live(), len(project.configs())) == ("old", 2)
    again = project.deploy(digest)
    assert again.code == 0, again.err
    assert "are there already" in again.err
    assert project.configs() == sorted([old, again.report["release"]])


def test_second_deploy_at_once_is_refused(project: Project) -> None:
    project.deploy(project.publish("old"))
    slow, other = project.publish("slow", warm_after=2.5), project.publish("other")
    process = project.spawn(project.arguments("deploy", *project.wanted(slow)))
    _until(process, "Updating")
    refused = project.deploy(other)
    assert refused.code == 5
    assert "another deploy is under way" in refused.error
    assert not [name for name in project.configs() if other[7:19] in name]
    assert process.wait(60) == 0
    assert project.live() == "slow"
    assert project.deploy(other).code == 0


def test_who_is_patient_waits_for_the_other_deploy(project: Project) -> None:
    project.deploy(project.publish("old"))
    slow, other = project.publish("slow", warm_after=1.5), project.publish("other")
    process = project.spawn(project.arguments("deploy", *project.wanted(slow)))
    _until(process, "Updating")
    done = project.deploy(other, "--wait")
    assert done.code == 0, done.err
    assert "waiting until that deploy is over" in done.err
    assert process.wait(60) == 0
    assert project.live() == "other"


def test_update_that_somebody_else_started_in_between_is_refused_and_cleaned_up(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both saw the endpoint at rest; the other one was faster with UpdateEndpoint."""
    theirs = project.deploy(project.publish("theirs", warm_after=4)).report["release"]
    old = project.deploy(project.publish("old")).report["release"]
    mine = project.publish("mine")
    at_rest = endpoint_module.look(project.sagemaker, project.endpoint())
    project.sagemaker.update_endpoint(EndpointName=project.endpoint(), EndpointConfigName=theirs)
    looks = iter([at_rest])
    monkeypatch.setattr("infra.release.plan.look", lambda *_: at_rest)
    monkeypatch.setattr("infra.release.rollout.look", lambda *given: next(looks, None) or endpoint_module.look(*given))
    refused = project.deploy(mine)
    assert refused.code == 5, refused.err
    assert f"began to move to {theirs}" in refused.error
    assert project.configs() == sorted([old, theirs])


def test_same_deploy_twice_at_once_ends_in_one_release(project: Project) -> None:
    digest = project.publish("one", warm_after=1)
    both = [project.spawn(project.arguments("deploy", *project.wanted(digest))) for _ in range(2)]
    told = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert len(project.configs()) == len(project.models()) == 1
