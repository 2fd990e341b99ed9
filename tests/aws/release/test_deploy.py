"""Deploy against the local cloud: first, again, updated, and everything that can go wrong on the way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

CUDA = {"slipway.cuda": "13.0", "slipway.driver": "580", "slipway.compute": "7.5 8.6"}
NEWEST = 'inference_ami_version = "al2023-ami-sagemaker-inference-gpu-4-1"'


def test_first_deploy_makes_the_release_live_and_reports_it(project: Project) -> None:
    digest = project.publish("one")
    done = project.deploy(digest)
    assert done.code == 0, done.err
    assert project.live() == "one"
    release = f"{project.name}-dev-{digest[7:19]}-"
    assert project.configs() == project.models() == [done.report["release"]]
    assert done.report["release"].startswith(release)
    assert (done.report["outcome"], done.report["changed"]) == ("done", True)
    assert (done.report["digest"], done.report["git_sha"]) == (digest, "abc1234")
    assert done.report["smoke"]["build"] == "one"
    assert [found["label"] for found in done.report["smoke"]["detections"]] == ["circle", "square"]
    steps = [step["name"] for step in done.report["steps"]]
    assert steps == ["plan", "preflight", "rollout", "verify", "smoke", "prune"]
    assert any("automatic rollback is off" in note for note in done.report["notes"])
    assert digest in done.out
    assert "circle" in done.out
    tags = {tag["Key"]: tag["Value"] for tag in _tags(project, "endpoint-config", done.report["release"])}
    assert tags["slipway:digest"] == digest
    assert tags["slipway:git-sha"] == "abc1234"


def test_second_deploy_changes_nothing_and_says_so(project: Project) -> None:
    digest = project.publish("one")
    project.deploy(digest)
    before = project.sagemaker.describe_endpoint(EndpointName=project.endpoint())["LastModifiedTime"]
    again = project.deploy(digest, git_sha="fff9999")
    assert again.code == 0, again.err
    assert (again.report["outcome"], again.report["changed"]) == ("unchanged", False)
    assert again.report["git_sha"] == "abc1234", "the commit that is live, not the one of an identical image"
    assert "had nothing to do" in again.out
    assert project.sagemaker.describe_endpoint(EndpointName=project.endpoint())["LastModifiedTime"] == before


def test_update_replaces_the_release_and_keeps_the_one_before(project: Project) -> None:
    builds = ["one", "two", "three"]
    releases = [project.deploy(project.publish(build)).report["release"] for build in builds]
    assert project.live() == "three"
    assert project.configs() == project.models() == sorted(releases[1:]), "keep = 1"


def test_changed_configuration_is_another_release_of_the_same_image(project: Project) -> None:
    digest = project.publish("one")
    first = project.deploy(digest)
    project.toml.write_text(project.toml.read_text().replace("keep = 1", "keep = 1\ninstance_count = 2"))
    second = project.deploy(digest)
    assert second.code == 0, second.err
    assert second.report["release"] != first.report["release"]
    assert second.report["previous"] == first.report["release"]


def test_layout_is_published_only_if_it_is_needed(project: Project) -> None:
    folder = project.layout("one")
    wanted = project.wanted("")
    arguments = ["--layout", str(folder), *wanted[2:]]
    first = project.call("deploy", *arguments)
    assert first.code == 0, first.err
    assert first.report["published"]["blobs_pushed"] == 2
    again = project.call("deploy", *arguments)
    assert (again.report["outcome"], again.report["published"]) == ("unchanged", None)


@pytest.mark.parametrize("update", [False, True], ids=["first", "update"])
def test_image_that_never_gets_healthy(project: Project, update: bool) -> None:
    project.toml.write_text(
        project.toml.read_text().replace("deploy_seconds = 30", "deploy_seconds = 30\nstartup_seconds = 240")
    )
    if update:
        good = project.deploy(project.publish("good")).report["release"]
    failed = project.deploy(project.publish("ill", ping=500))
    assert failed.code == 4
    assert failed.report["outcome"] == "failed"
    if update:
        assert "rolled the release back" in failed.error
        assert "health" in failed.error, "SageMaker's FailureReason"
        assert project.live() == "good"
        assert project.configs() == project.models() == [good]
    else:
        assert "failed with" in failed.error
    mended = project.deploy(project.publish("mended"))
    assert mended.code == 0, mended.err
    assert project.live() == "mended"
    if not update:
        assert "can only be deleted" in mended.err


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ({"detections": []}, "expected circle 0.97"),
        (
            {"detections": [{"label": "circle", "score": 0.97, "box": [40, 60, 110, 130]}]},
            "expected circle 0.97 at [12, 30, 80, 99], nearest circle 0.97 at [40, 60, 110, 130]",
        ),
        ({"is_mock": True}, "a mock answers and a real model was asked for"),
        ({"odd": True}, "not Slipway's answer"),
        ({"status": 500}, "status 500"),
    ],
    ids=["nothing found", "moved box", "mock", "another server", "error"],
)
def test_failed_smoke_test_rolls_back(project: Project, behaviour: dict[str, Any], says: str) -> None:
    good = project.deploy(project.publish("good")).report["release"]
    failed = project.deploy(project.publish("bad", **behaviour))
    assert failed.code == 4
    assert says in failed.error
    assert f"Rolled back: {good}" in failed.error
    assert project.live() == "good"
    assert project.configs() == project.models() == [good]


def test_failed_smoke_test_of_the_first_release_leaves_it_up_to_look_at(project: Project) -> None:
    digest = project.publish("bad", detections=[])
    failed = project.deploy(digest)
    assert failed.code == 4
    assert "no earlier good release" in failed.error
    again = project.deploy(digest)
    assert (again.code, again.report["plan"].split(":")[0]) == (4, "prove")
    assert project.deploy(project.publish("good")).code == 0


def test_release_that_went_live_unproven_is_proven_by_the_next_deploy(project: Project) -> None:
    digest = project.publish("one")
    release = project.deploy(digest).report["release"]
    arn = project.sagemaker.describe_endpoint_config(EndpointConfigName=release)["EndpointConfigArn"]
    project.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["slipway:live"])
    proven = project.deploy(digest)
    assert proven.code == 0, proven.err
    assert proven.report["plan"].startswith("prove")
    assert proven.report["smoke"]["build"] == "one"
    assert project.deploy(digest).report["outcome"] == "unchanged"


def test_a_gpu_that_the_image_does_not_use_is_remarked(project: Project) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", 'instance_type = "ml.g5.xlarge"'))
    assert "has a GPU that this image does not use" in project.deploy(project.publish("one")).out


def test_an_image_for_a_gpu_is_released_with_its_driver(project: Project) -> None:
    text = f'instance_type = "ml.g5.xlarge"\n{NEWEST}\nvariables = {{ SLIPWAY_CPU_FALLBACK = "1" }}'
    project.toml.write_text(project.toml.read_text().replace("keep = 1", text))
    done = project.deploy(project.publish("one", labels=CUDA))
    assert done.code == 0, done.err
    made = project.sagemaker.describe_endpoint_config(EndpointConfigName=done.report["release"])
    assert made["ProductionVariants"][0]["InferenceAmiVersion"] == "al2023-ami-sagemaker-inference-gpu-4-1"


def test_mock_needs_to_be_asked_for_and_never_goes_to_production(project: Project) -> None:
    digest = project.publish("mock", labels={"slipway.mock": "true"}, is_mock=True)
    assert "--mock was not given" in (refused := project.deploy(digest)).error
    assert refused.code == 3
    production = project.deploy(digest, "--mock", env="prod")
    assert (production.code, project.configs()) == (3, [])
    assert "slipway.toml line 16: environments.prod.production = true" in production.error
    assert project.deploy(digest, "--mock").report["smoke"]["verdict"].startswith("a mock answers, as asked")


@pytest.mark.parametrize(
    ("options", "toml", "says"),
    [
        ({}, ("keep = 1", 'instance_type = "ml.c7i.largest"'), "write ml.c7i.large or"),
        ({"labels": CUDA}, ("keep = 1", ""), "needs CUDA 13.0 and ml.c7i.large has no NVIDIA GPU"),
        (
            {"labels": CUDA},
            (
                "keep = 1",
                'instance_type = "ml.g5.xlarge"\ninference_ami_version = "al2-ami-sagemaker-inference-gpu-3-1"',
            ),
            'write inference_ami_version = "al2023-ami-sagemaker-inference-gpu-4-1"',
        ),
        ({"labels": CUDA}, ("keep = 1", 'instance_type = "ml.g5.xlarge"'), "has driver 470"),
        ({"labels": CUDA}, ("keep = 1", f'instance_type = "ml.g5.xlarge"\n{NEWEST}'), "the local cloud has none"),
        ({"labels": {"slipway.cuda": "13.0"}}, ("keep = 1", ""), "do not say which GPU"),
        ({}, ("keep = 1", 'instance_type = "ml.c7g.large"'), "is for linux/amd64 and"),
        (
            {"architecture": "arm64"},
            ("keep = 1", 'instance_type = "ml.c7g.large"'),
            "engine is x86, which",
        ),
    ],
)
def test_preflight_refuses_before_anything_is_made(
    project: Project, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], toml: tuple[str, str], says: str
) -> None:
    monkeypatch.setattr("infra.release.preflight.machine", lambda: "x86_64")
    project.toml.write_text(project.toml.read_text().replace(*toml))
    refused = project.deploy(project.publish("one", **options))
    assert refused.code == 3
    assert says in refused.error
    assert project.configs() == project.models() == []


def test_image_that_is_not_published_is_refused(project: Project) -> None:
    refused = project.deploy("sha256:" + "a" * 64)
    assert refused.code == 3
    assert "is not published" in refused.error
    project.publish("one")
    assert "has no such image" in project.deploy("sha256:" + "a" * 64).error


def test_manifest_with_oci_media_types_is_refused(project: Project) -> None:
    project.publish("one")
    kind = "application/vnd.oci.image.manifest.v1+json"
    digest = project.cloud.registry.push(project.name, "oci", build="oci", media_type=kind)
    refused = project.deploy(digest)
    assert refused.code == 3
    assert kind in refused.error


def test_role_without_trust_is_refused(project: Project) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    iam = project.cloud.client("iam")
    iam.create_role(RoleName=f"{project.name}-runtime", AssumeRolePolicyDocument=json.dumps(trust))
    refused = project.deploy(project.publish("one"))
    assert refused.code == 3
    assert "does not trust sagemaker.amazonaws.com" in refused.error


def _tags(project: Project, kind: str, name: str) -> list[dict[str, str]]:
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:{kind}/{name}"
    return list(project.sagemaker.list_tags(ResourceArn=arn)["Tags"])
