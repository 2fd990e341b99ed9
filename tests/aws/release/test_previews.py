"""Previews: an endpoint for each branch, listed with its end, removed without touching others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import RolloutFailed
from infra.preview_names import preview_name
from infra.release.destroy import destroy

if TYPE_CHECKING:
    from infra.release.job import Job
    from tests.aws.release.conftest import Project


@pytest.fixture
def previewed(project: Project) -> Project:
    project.toml.write_text(project.toml.read_text() + "\n[environments.preview]\nexpires_hours = 24\n")
    return project


def listed(project: Project, *words: str) -> list[dict[str, Any]]:
    told = project.call("previews", *words, env="preview")
    assert told.code == 0, told.err
    found: list[dict[str, Any]] = told.report["previews"]
    assert all(one["environment"] in told.out for one in found)
    return found


def test_each_branch_has_its_own_and_production_is_left_alone(previewed: Project) -> None:
    project, digest = previewed, previewed.publish("one")
    other = project.publish("two")
    assert project.deploy(digest).code == 0
    assert project.deploy(digest, env="preview/boxes").code == 0
    assert project.deploy(other, "--branch", "Feature/NMS", env="preview").code == 0
    nms, boxes = sorted(listed(project), key=lambda one: str(one["branch"]))
    assert boxes["branch"] == "boxes"
    assert (boxes["environment"], boxes["state"], boxes["expired"]) == ("preview-boxes", "InService", False)
    assert [project.live("dev"), project.live("preview-boxes"), project.live(nms["environment"])] == [
        "one",
        "one",
        "two",
    ]
    assert project.call("destroy", env="preview/boxes").code == 0
    assert [one["branch"] for one in listed(project)] == ["Feature/NMS"]
    assert project.live("dev") == "one"
    assert project.live(nms["environment"]) == "two"


def test_deploying_again_puts_the_end_off(previewed: Project) -> None:
    digest = previewed.publish("one")
    assert previewed.deploy(digest, env="preview/boxes").code == 0
    expire(previewed, "preview-boxes", timedelta(hours=1))
    (before,) = listed(previewed)
    again = previewed.deploy(digest, env="preview/boxes")
    assert again.report["outcome"] == "unchanged"
    (after,) = listed(previewed)
    assert datetime.fromisoformat(after["expires"]) - datetime.fromisoformat(before["expires"]) > timedelta(hours=22)


def test_those_whose_time_is_over_are_removed_on_request(previewed: Project) -> None:
    project, digest = previewed, previewed.publish("one")
    for branch in ("old", "new"):
        assert project.deploy(digest, env=f"preview/{branch}").code == 0
    expire(project, "preview-old", timedelta(hours=-1))
    assert [(one["environment"], one["expired"]) for one in listed(project)] == [
        ("preview-old", True),
        ("preview-new", False),
    ]
    assert len(listed(project, "--remove-expired")) == 2
    assert [one["environment"] for one in listed(project)] == ["preview-new"]
    assert [name for name in project.configs() if "preview-old" in name] == []
    assert project.live("preview-new") == "one"


def test_a_branch_whose_name_aws_does_not_take_as_a_tag(previewed: Project) -> None:
    done = previewed.deploy(previewed.publish("one"), "--branch", "fix/(#12)", env="preview")
    assert done.code == 0, done.err
    (found,) = listed(previewed)
    assert found["branch"] == "fix/__12_"


def test_a_preview_that_fails_ends_too(previewed: Project) -> None:
    assert previewed.deploy(previewed.publish("bad", ping=500), env="preview/boxes").code == 4
    (found,) = listed(previewed)
    assert found["branch"] == "boxes"


def test_a_branch_with_the_name_of_anothers_preview_leaves_it_alone(previewed: Project) -> None:
    one, two = previewed.publish("one"), previewed.publish("two")
    assert previewed.deploy(one, env="preview/Boxes").code == 0
    same = preview_name("preview", "Boxes").removeprefix("preview-")
    for told in (previewed.deploy(two, env=f"preview/{same}"), previewed.call("destroy", env=f"preview/{same}")):
        assert (told.code, "is the preview of Boxes" in told.error) == (3, True)
    assert previewed.live(f"preview-{same}") == "one"
    assert previewed.deploy(two, "--branch", "main", env=f"preview-{same}").code == 0
    assert [preview["branch"] for preview in listed(previewed)] == ["Boxes"]


def test_one_that_cannot_be_removed_keeps_no_other(previewed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = previewed.publish("one")
    for branch in ("first", "second"):
        assert previewed.deploy(digest, env=f"preview/{branch}").code == 0
        expire(previewed, f"preview-{branch}", timedelta(hours=-1))

    def guarded(job: Job) -> None:
        if job.place.environment == "preview-first":
            raise RolloutFailed("it does not go.")
        destroy(job)

    monkeypatch.setattr("infra.release.destroy.destroy", guarded)
    told = previewed.call("previews", "--remove-expired", env="preview")
    assert (told.code, "preview-first: it does not go." in told.error) == (4, True)
    assert told.report["removed"] == ["preview-second"]
    assert [one["environment"] for one in listed(previewed)] == ["preview-first"]


@pytest.mark.parametrize("written", ["tomorrow", "2020-01-01T00:00:00"])
def test_an_end_that_nobody_can_read_ends_nothing(previewed: Project, written: str) -> None:
    assert previewed.deploy(previewed.publish("one"), env="preview/boxes").code == 0
    arn = previewed.sagemaker.describe_endpoint(EndpointName=previewed.endpoint("preview-boxes"))["EndpointArn"]
    previewed.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "slipway:expires", "Value": written}])
    listed(previewed, "--remove-expired")
    (found,) = listed(previewed)
    assert (found["expires"], found["expired"]) == (written, False)


@pytest.mark.parametrize("env", ["dev", "preview-boxes"])
def test_an_environment_that_is_no_preview(previewed: Project, env: str) -> None:
    told = previewed.call("previews", env=env)
    assert (told.code, "is no environment with expires_hours" in told.error) == (2, True)


def expire(project: Project, environment: str, left: timedelta) -> None:
    """Move the end of a preview to so long from now."""
    arn = project.sagemaker.describe_endpoint(EndpointName=project.endpoint(environment))["EndpointArn"]
    moment = (datetime.now(UTC) + left).isoformat(timespec="seconds")
    project.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "slipway:expires", "Value": moment}])
