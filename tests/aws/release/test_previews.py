"""Previews: an endpoint for each branch, listed with its end, removed without touching others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
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
    boxes, nms = sorted(listed(project), key=lambda one: str(one["branch"]))
    assert (boxes["environment"], boxes["state"], boxes["expired"]) == ("preview-boxes", "InService", False)
    assert nms["branch"] == "Feature/NMS"
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


def test_an_environment_that_is_no_preview(project: Project) -> None:
    told = project.call("previews", env="dev")
    assert (told.code, "has no expires_hours" in told.error) == (2, True)


def expire(project: Project, environment: str, left: timedelta) -> None:
    """Move the end of a preview to so long from now."""
    arn = project.sagemaker.describe_endpoint(EndpointName=project.endpoint(environment))["EndpointArn"]
    moment = (datetime.now(UTC) + left).isoformat(timespec="seconds")
    project.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "slipway:expires", "Value": moment}])
