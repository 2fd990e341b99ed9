"""Calls that AWS throttles, breaks, denies or cuts off: the old release answers, the next deploy finishes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.retries.standard import ExponentialBackoff

from infra.errors import RolloutFailed
from tests.aws.release.faults.conftest import DEPLOYER, ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.aws.release.conftest import Project
    from tests.aws.release.faults.conftest import Faults, Traffic

BROKEN = {"effect": "error", "code": "InternalFailure", "status": 500}
DENIED = {"effect": "error", "code": "AccessDeniedException"}
EXPIRED = {"effect": "error", "code": "ExpiredTokenException"}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore waits up to 20 s between attempts."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.01)


@pytest.mark.parametrize(
    ("operation", "fault"),
    [
        ("*", {"effect": "error", "every": 2}),
        ("*", {"effect": "slow", "seconds": 0.05}),
        ("*", {**BROKEN, "times": 4}),
        ("writes", {"effect": "cut", "every": 2}),
        ("CreateModel", {**BROKEN, "times": 1, "done": True}),
        ("CreateEndpointConfig", {"effect": "cut", "times": 1, "done": True}),
        ("UpdateEndpoint", {"effect": "cut", "times": 1, "done": True}),
        ("DeleteModel", {**BROKEN, "times": 1, "done": True}),
        ("InvokeEndpoint", {"effect": "cut", "times": 1}),
        ("InvokeEndpoint", {"effect": "error", "times": 1}),
    ],
    ids=lambda given: given if isinstance(given, str) else " ".join(str(value) for value in given.values()),
)
def test_passing_faults_are_retried(
    project: Project, faults: Faults, asking: Callable[..., Traffic], operation: str, fault: dict[str, Any]
) -> None:
    # Only the third release makes one to remove.
    before = ("older", "old") if operation in ("*", "DeleteModel") else ("old",)
    releases = [project.deploy(project.publish(build)).report["release"] for build in before]
    digest = project.publish("new")
    asking(project)
    faults.calls(operation, **fault)
    done = project.deploy(digest)
    assert done.code == 0, done.err
    assert faults.met(), "the fault was met"
    assert project.live() == "new"
    kept = sorted([releases[-1], done.report["release"]])
    assert (ours(project)["models"], ours(project)["configs"]) == (kept, kept)


def test_first_endpoint_whose_making_was_not_heard_of(project: Project, faults: Faults) -> None:
    faults.calls("CreateEndpoint", "cut", times=1, done=True)
    done = project.deploy(project.publish("one"))
    assert done.code == 0, done.err
    assert faults.met() == 1


@pytest.mark.parametrize("effect", ["error", "cut"])
def test_fault_that_goes_on_during_the_wait_costs_no_release(project: Project, faults: Faults, effect: str) -> None:
    """Botocore gives up after six attempts; the wait has as long as timeouts.deploy_seconds says."""
    project.deploy(project.publish("old"))
    digest = project.publish("new", warm_after=0.5)
    faults.calls("DescribeEndpoint", effect, after=3, times=20)
    done = project.deploy(digest)
    assert done.code == 0, done.err
    assert faults.met() == 20
    assert "SageMaker cannot be asked" in done.err


def test_throttling_that_never_ends_is_told(project: Project, faults: Faults, asking: Callable[..., Traffic]) -> None:
    project.deploy(project.publish("old"))
    digest = project.publish("new")
    asking(project)
    faults.calls("UpdateEndpoint", "error")
    throttled = project.deploy(digest)
    assert throttled.code == 6
    assert "AWS throttled UpdateEndpoint six times running" in throttled.error
    assert project.live() == "old"
    faults.end()
    assert project.deploy(digest).code == 0


@pytest.mark.parametrize("operation", ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint", "DescribeEndpoint"])
def test_denied_before_the_rollout_leaves_nothing_behind(project: Project, faults: Faults, operation: str) -> None:
    old = project.deploy(project.publish("old")).report["release"]
    digest = project.publish("new")
    faults.calls(operation, **DENIED)
    denied = project.deploy(digest)
    assert denied.code == 6
    assert f"AWS denied {operation}: {operation} fails on request" in denied.error
    assert (project.live(), project.configs(), project.models()) == ("old", [old], [old])
    faults.end()
    again = project.deploy(digest)
    assert again.code == 0, again.err
    assert project.live() == "new"


@pytest.mark.parametrize("operation", ["AddTags", "InvokeEndpoint", "DeleteModel"])
def test_denied_after_the_rollout_is_finished_by_the_next_deploy(
    project: Project, faults: Faults, asking: Callable[..., Traffic], operation: str
) -> None:
    old = [project.deploy(project.publish(build)).report["release"] for build in ("older", "old")]
    digest = project.publish("new")
    asking(project)
    faults.calls(operation, **DENIED)
    denied = project.deploy(digest)
    assert denied.code == 6
    assert f"AWS denied {operation}" in denied.error
    assert project.live() == "new", "it did not fail its smoke test"
    faults.end()
    again = project.deploy(digest)
    assert again.code == 0, again.err
    if operation != "DeleteModel":
        assert ours(project)["configs"] == sorted([old[1], again.report["release"]])


@pytest.mark.parametrize("after", [0, 5, 10, 15])
def test_credentials_that_expire_midway(project: Project, faults: Faults, after: int) -> None:
    """A whole update is some twenty calls."""
    project.deploy(project.publish("old"))
    digest = project.publish("new")
    faults.calls("*", **EXPIRED, after=after)
    expired = project.deploy(digest)
    assert expired.code == 6, expired.err
    assert "credentials have expired" in expired.error
    assert len(expired.error.splitlines()) == 1
    faults.end()
    resumed = project.deploy(digest)
    assert resumed.code == 0, resumed.err
    assert project.live() == "new"


def test_credentials_that_expire_during_the_wait(project: Project, faults: Faults) -> None:
    project.deploy(project.publish("old"))
    digest = project.publish("new", warm_after=2)
    process = project.spawn(
        arguments := project.arguments("deploy", *project.wanted(digest)), AWS_ACCESS_KEY_ID=DEPLOYER
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Updating" in line:
            faults.calls("DescribeEndpoint", **EXPIRED)
            break
    out, err = process.communicate(timeout=60)
    expired = project.outcome(process.returncode, out, err, arguments)
    assert expired.code == 6
    assert "credentials have expired" in expired.error
    assert project.live() == "old"
    faults.end()
    resumed = project.deploy(digest)
    assert resumed.code == 0, resumed.err
    assert resumed.report["plan"].startswith("wait")


@pytest.mark.parametrize("operation", ["UpdateEndpoint", "ListEndpointConfigs"])
def test_rolling_back_that_fails_says_what_is_live(
    project: Project, faults: Faults, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    project.deploy(project.publish("good"))

    def fails(*_: object, **__: object) -> str:
        faults.calls(operation, **EXPIRED)
        raise RolloutFailed("the smoke test failed.")

    monkeypatch.setattr("infra.release.deploy.judge", fails)
    failed = project.deploy(project.publish("bad"))
    assert failed.code == 4, failed.err
    assert failed.error.startswith("the smoke test failed. Rolling back")
    assert "credentials have expired" in failed.error
    assert f"{failed.report['release']}, which failed its smoke test, is live now" in failed.error
    assert project.live() == "bad"


def test_clearing_away_that_fails_does_not_hide_the_first_failure(project: Project, faults: Faults) -> None:
    project.deploy(project.publish("good"))
    faults.calls("DeleteEndpointConfig", **DENIED)
    failed = project.deploy(project.publish("bad", detections=[]))
    assert failed.code == 4, failed.err
    assert "expected circle 0.97" in failed.error
    assert "Rolled back" in failed.error
    assert any("could not be cleared away: AWS denied DeleteEndpointConfig" in note for note in failed.report["notes"])
    assert project.live() == "good"
