"""Releases of asynchronous endpoints against the local cloud."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project


@pytest.fixture
def asynchronous(project: Project) -> Project:
    """The project with an environment whose answers go to a bucket of its own."""
    setting = f'keep = 1\nasynchronous = {{ output = "s3://{project.name}-answers/out" }}'
    project.toml.write_text(project.toml.read_text().replace("keep = 1", setting))
    return project


def test_an_asynchronous_environment_is_proven_through_s3(asynchronous: Project) -> None:
    project, digest = asynchronous, asynchronous.publish("one")
    done = project.deploy(digest)
    assert done.code == 0, done.err
    assert "creating bucket" in done.err
    assert done.report["smoke"]["verdict"].startswith("2 of 2 detections match")
    assert done.report["smoke"]["build"] == "one"
    assert project.deploy(digest).report["outcome"] == "unchanged"
    assert project.call("status").report["health"] == "1 of 1 instances answer asynchronously; smoke test passed"
    answer = project.call("invoke", "--image", str(project.folder / "sample.jpg"))
    assert (answer.code, answer.report["build"]) == (0, "one"), answer.err
    assert "circle" in answer.out
    bucket = project.cloud.client("s3").list_objects_v2(Bucket=f"{project.name}-answers")
    assert bucket["KeyCount"] == 0, "what Slipway wrote for itself is removed"


def test_a_release_that_fails_its_smoke_test_is_taken_back(asynchronous: Project) -> None:
    project = asynchronous
    good = project.deploy(project.publish("good")).report["release"]
    began = time.monotonic()
    failed = project.deploy(project.publish("bad", status=500))
    assert failed.code == 4
    assert "failed with sample.jpg" in failed.error
    assert f"Rolled back: {good}" in failed.error
    assert time.monotonic() - began < 30, "the failure is read from S3, and not waited out"
    assert project.configs() == [good]


def test_an_endpoint_becomes_asynchronous_as_another_release(asynchronous: Project) -> None:
    project, digest = asynchronous, asynchronous.publish("one")
    text = project.toml.read_text()
    project.toml.write_text("\n".join(line for line in text.splitlines() if not line.startswith("asynchronous")))
    first = project.deploy(digest).report["release"]
    project.toml.write_text(text)
    change = project.call("status", "--digest", digest).report["would_change"]
    assert change[0].startswith("AsyncInferenceConfig unset → ")
    second = project.deploy(digest)
    assert (second.code, second.report["previous"]) == (0, first), second.err
    left = project.call("destroy").report
    assert f"the answers in s3://{project.name}-answers/out" in left["notes"][0]
    assert project.configs() == project.models() == []
