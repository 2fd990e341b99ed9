"""Releases of serverless endpoints against the local cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

SERVERLESS = "keep = 1\nserverless = { memory_mb = 1024, max_concurrency = 3 }"


def test_a_serverless_environment_is_deployed_updated_and_rolled_back(project: Project) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", SERVERLESS))
    first = project.publish("one")
    done = project.deploy(first)
    assert done.code == 0, done.err
    made = project.sagemaker.describe_endpoint_config(EndpointConfigName=done.report["release"])
    assert made["ProductionVariants"][0]["ServerlessConfig"] == {"MemorySizeInMB": 1024, "MaxConcurrency": 3}
    assert project.deploy(first).report["outcome"] == "unchanged"
    health = project.call("status").report["health"]
    assert health == "serverless with 1024 MB, up to 3 requests at a time; smoke test passed"
    assert project.deploy(project.publish("two")).code == 0
    assert project.live() == "two"
    back = project.call("rollback")
    assert (back.code, project.live()) == (0, "one"), back.err
    assert "nothing is deployed" in _destroyed(project)


def test_an_endpoint_with_instances_is_not_made_serverless(project: Project) -> None:
    digest = project.publish("one")
    project.deploy(digest)
    before = project.configs()
    project.toml.write_text(project.toml.read_text().replace("keep = 1", SERVERLESS))
    refused = project.deploy(digest)
    assert refused.code == 3
    assert "SageMaker turns none of those into a serverless one (slipway.toml line 10" in refused.error
    assert project.configs() == before
    project.call("destroy")
    assert project.deploy(digest).code == 0
    project.toml.write_text(project.toml.read_text().replace(SERVERLESS, "keep = 1"))
    assert project.deploy(digest).code == 0, "a serverless one may get instances"


def test_a_picture_that_serverless_endpoints_do_not_take_is_refused_at_once(project: Project) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", SERVERLESS))
    (project.folder / "sample.jpg").write_bytes(b"\xff\xd8" + b"0" * 4 * 2**20)
    refused = project.deploy(project.publish("one"))
    assert (refused.code, "larger than the payload limit" in refused.error) == (2, True)


def _destroyed(project: Project) -> str:
    project.call("destroy")
    assert project.configs() == project.models() == []
    return str(project.call("status").report["health"])
