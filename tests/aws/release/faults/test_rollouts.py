"""Rollouts that SageMaker fails, forgets, stops or takes back: the old release answers, the next deploy finishes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.release.job import Job
from tests.aws.release.faults.conftest import DEPLOYER, ours

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.aws.release.conftest import Project
    from tests.aws.release.faults.conftest import Faults, Traffic


def only(project: Project, release: str) -> bool:
    """Whether one release is all that there is."""
    there = ours(project)
    return (there["models"], there["configs"], there["endpoints"]) == ([release], [release], [project.endpoint()])


def test_silent_roll_back_is_found(project: Project, faults: Faults, asking: Callable[..., Traffic]) -> None:
    """InService with the config before, and without a reason."""
    good = project.deploy(project.publish("good")).report["release"]
    digest, traffic = project.publish("new"), asking(project)
    faults.add(endpoint=project.endpoint(), effect="silent")
    failed = project.deploy(digest)
    assert failed.code == 4
    assert f"is InService with {good} and not with" in failed.error
    assert "SageMaker gives no reason" in failed.error
    assert set(traffic.answers) == {"good"}
    assert only(project, good)
    assert project.deploy(digest).code == 0
    assert project.live() == "new"


def test_endpoint_that_fails_is_made_anew(project: Project, faults: Faults) -> None:
    faults.add(endpoint=project.endpoint(), effect="failed")
    digest = project.publish("one")
    failed = project.deploy(digest)
    assert failed.code == 4
    assert "failed with" in failed.error
    assert "Request to service failed" in failed.error
    again = project.deploy(digest)
    assert again.code == 0, again.err
    assert only(project, again.report["release"])


def test_update_that_leaves_the_endpoint_failed_is_mended_by_the_next_deploy(project: Project, faults: Faults) -> None:
    project.deploy(project.publish("good"))
    faults.add(endpoint=project.endpoint(), effect="failed")
    digest = project.publish("new")
    failed = project.deploy(digest)
    assert failed.code == 4
    assert "Request to service failed" in failed.error
    again = project.deploy(digest)
    assert again.code == 0, again.err
    assert again.report["plan"].startswith("replace")
    assert project.live() == "new"


def test_endpoint_that_is_stuck_is_waited_for_again(
    project: Project, faults: Faults, asking: Callable[..., Traffic], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.deploy(project.publish("old"))
    digest, other = project.publish("new"), project.publish("other")
    asking(project)
    faults.add(endpoint=project.endpoint(), effect="stuck")
    with monkeypatch.context() as patch:
        patch.setattr(Job, "limit", 0.5)
        late = project.deploy(digest)
    assert late.code == 4
    assert "is still Updating" in late.error
    assert "picks up the wait" in late.error
    refused = project.deploy(other)
    assert (refused.code, "another deploy is under way" in refused.error) == (5, True)
    assert project.live() == "old"
    faults.end()
    resumed = project.deploy(digest)
    assert resumed.code == 0, resumed.err
    assert resumed.report["plan"].startswith("wait")


def test_alarm_during_a_canary_takes_it_back(project: Project, faults: Faults, asking: Callable[..., Traffic]) -> None:
    del faults
    canary = 'rollout = { type = "canary", percent = 50, bake_seconds = 300 }\ninstance_count = 2'
    text = project.toml.read_text()
    project.toml.write_text(text.replace('rollout = { type = "all-at-once", bake_seconds = 300 }', canary))
    good = project.deploy(project.publish("good"), env="guarded").report
    assert good["alarms"] == [f"{project.name}/guarded/Invocation5XXErrors/{good['release'].split('guarded-')[1]}"]
    digest, traffic = project.publish("bad"), asking(project, "guarded")
    process = project.spawn(
        arguments := project.arguments("deploy", *project.wanted(digest), env="guarded"), AWS_ACCESS_KEY_ID=DEPLOYER
    )
    assert process.stderr is not None
    assert next(line for line in process.stderr if "Baking" in line)
    cloudwatch = project.cloud.client("cloudwatch")
    [name] = [name for name in ours(project)["alarms"] if digest[7:19] in name]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")
    out, err = process.communicate(timeout=60)
    failed = project.outcome(process.returncode, out, err, arguments)
    assert failed.code == 4, err
    assert "rolled the release back" in failed.error
    assert name in failed.error, "SageMaker's reason"
    assert traffic.answers["good"]
    assert project.live("guarded") == "good"
    assert (ours(project)["configs"], ours(project)["alarms"]) == ([good["release"]], good["alarms"])
    project.toml.write_text(project.toml.read_text().replace("bake_seconds = 300", "bake_seconds = 0"))
    assert project.deploy(digest, env="guarded").code == 0


def test_config_and_model_that_somebody_deleted_are_made_anew(
    project: Project, faults: Faults, asking: Callable[..., Traffic]
) -> None:
    """AWS lets a config in use be deleted; with it goes the memory of the release."""
    digest = project.publish("one")
    release = project.deploy(digest).report["release"]
    asking(project)
    faults.add(operation="DeleteEndpointConfig", effect="allow")
    faults.add(operation="DeleteModel", effect="allow")
    project.sagemaker.delete_endpoint_config(EndpointConfigName=release)
    project.sagemaker.delete_model(ModelName=release)
    assert project.call("status").code == 0
    mended = project.deploy(digest)
    assert mended.code == 0, mended.err
    assert only(project, release)
    assert project.deploy(digest).report["outcome"] == "unchanged"
    assert project.deploy(project.publish("two")).code == 0
    back = project.call("rollback")
    assert back.code == 0, back.err
    assert project.live() == "one"
