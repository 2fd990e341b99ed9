"""Rollback, status, history, invoke and destroy against the local cloud."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project


def test_rollback_goes_to_the_last_good_release_and_never_to_one_withdrawn(project: Project) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", "keep = 5"))
    first, second, third = (project.publish(build) for build in ("one", "two", "three"))
    for digest in (first, second, third):
        assert project.deploy(digest).code == 0
    back = project.call("rollback")
    assert back.code == 0, back.err
    assert (back.report["digest"], project.live()) == (second, "two")
    assert project.call("rollback").report["digest"] == first, "three was withdrawn"
    none = project.call("rollback")
    assert none.code == 2
    assert "no earlier good release" in none.error
    assert project.live() == "one"


def test_rollback_to_a_named_digest_lists_the_candidates_otherwise(project: Project) -> None:
    first, second = project.publish("one"), project.publish("two")
    project.deploy(first, git_sha="aaa1111")
    project.deploy(second, git_sha="bbb2222")
    unknown = project.call("rollback", "--to", "sha256:beef")
    assert unknown.code == 2
    assert f"candidates: {first} (git aaa1111, live " in unknown.error
    assert second not in unknown.error
    live = project.call("rollback", "--to", second)
    assert (live.code, "is live already" in live.error) == (2, True)
    assert project.call("rollback", "--to", first[:19]).report["git_sha"] == "aaa1111"
    assert project.live() == "one"


def test_release_that_was_rolled_back_can_be_deployed_again(project: Project) -> None:
    first, second = project.publish("one"), project.publish("two")
    project.deploy(first)
    project.deploy(second)
    project.call("rollback")
    again = project.deploy(second)
    assert (again.code, again.report["outcome"]) == (0, "done"), again.err
    assert project.call("rollback").report["digest"] == first


def test_status_before_during_and_after(project: Project) -> None:
    digest = project.publish("one")
    absent = project.call("status", "--digest", digest)
    assert absent.code == 0
    assert absent.report["state"] == "absent"
    assert absent.report["would_change"] == [f"create endpoint {project.endpoint()} with {digest}"]
    project.deploy(digest, git_sha="aaa1111")
    live = project.call("status", "--digest", digest)
    assert (live.report["digest"], live.report["git_sha"], live.report["state"]) == (digest, "aaa1111", "InService")
    assert live.report["would_change"] == []
    assert live.report["health"] == "1 of 1 instances answer; smoke test passed"
    assert "change nothing" in live.out
    assert live.report["cost"]["monthly"] is None
    assert "there is no price of ml.c7i.large in eu-west-1" in live.out
    assert live.report["links"] == {}, "the local cloud has no console"
    assert project.call("status").report["would_change"] is None

    text = project.toml.read_text() + '[prices.eu-west-1]\n"ml.c7i.large" = 0.1\n'
    project.toml.write_text(text.replace("keep = 1", 'instance_count = 2\nvariables = { SLIPWAY_LOG_LEVEL = "debug" }'))
    other = project.publish("two", warm_after=1)
    told = project.call("status", "--digest", other).report
    assert (told["cost"]["monthly"], told["would_cost"]) == (73.0, "+ $73.00 a month, from 1 to 2 ml.c7i.large")
    assert told["would_change"] == [
        f"image {digest} → {other}",
        "InitialInstanceCount 1 → 2",
        "SLIPWAY_LOG_LEVEL unset → debug",
    ]
    report = project.deploy(other).report
    assert (report["cost"]["monthly"], report["cost_change"]) == (146.0, told["would_cost"])
    assert report["changes"] == told["would_change"]
    config = report["release"]
    project.sagemaker.update_endpoint(EndpointName=project.endpoint(), EndpointConfigName=config)
    assert f"Updating with {config}" in project.call("status").report["in_progress"]


def test_history_lists_what_is_kept(project: Project) -> None:
    first, second = project.publish("one"), project.publish("two")
    project.deploy(first)
    project.deploy(second)
    told = project.call("history")
    assert [(one["digest"], one["state"]) for one in told.report] == [
        (second, "live"),
        (first, "kept for a rollback"),
    ]


def test_invoke_shows_what_the_endpoint_finds(project: Project) -> None:
    project.deploy(project.publish("one"))
    picture = project.folder / "sample.jpg"
    answer = project.call("invoke", "--image", str(picture))
    assert answer.code == 0, answer.err
    assert answer.report["detections"][0]["label"] == "circle"
    assert "square" in answer.out
    assert answer.report["environment"]["SLIPWAY_MAX_BODY_BYTES"] == str(6 * 1024 * 1024)
    picture.write_bytes(b"not a picture")
    refused = project.call("invoke", "--image", str(picture))
    assert refused.code == 2
    assert "status 400: The body is not a picture." in refused.error
    picture.write_bytes(b"\xff\xd8" + b"0" * 6 * 1024 * 1024)
    assert "payload_limit_mb" in project.call("invoke", "--image", str(picture)).error
    picture.write_bytes(b"")
    assert "is empty" in project.call("invoke", "--image", str(picture)).error


def test_pull_gives_the_live_image(project: Project) -> None:
    absent = project.call("pull", "--tarball", str(project.folder / "image.tar"))
    assert (absent.code, "nothing is live in dev" in absent.error) == (2, True)
    digest = project.publish("one")
    project.deploy(digest)
    pulled = project.call("pull", "--tarball", str(project.folder / "image.tar"))
    assert (pulled.code, pulled.report["digest"]) == (0, digest), pulled.err
    with tarfile.open(project.folder / "image.tar") as image:
        blobs = [image.extractfile(name) for name in image.getnames() if name.startswith("blobs/sha256/")]
        assert any(blob is not None and b'"slipway.build":"one"' in blob.read() for blob in blobs)


def test_invoke_without_an_endpoint(project: Project) -> None:
    missing = project.call("invoke", "--image", str(project.folder / "sample.jpg"))
    assert missing.code == 2
    assert project.endpoint() in missing.error


@pytest.mark.parametrize("env", ["dev", "guarded"])
def test_destroy_removes_one_environment_and_nothing_else(project: Project, env: str) -> None:
    digests = [project.publish(build) for build in ("one", "two")]
    other = "guarded" if env == "dev" else "dev"
    for digest, name in ((digests[0], env), (digests[1], env), (digests[1], other)):
        assert project.deploy(digest, env=name).code == 0
    gone = project.call("destroy", env=env)
    assert gone.code == 0, gone.err
    assert f"endpoint {project.endpoint(env)}" in gone.report["removed"]
    assert "the ECR repository" in gone.out
    assert not [
        name for name in (*project.configs(), *project.models()) if name.startswith(f"{project.endpoint(env)}-")
    ]
    assert project.live(other) == "two"
    assert len(project.configs()) == len(project.models()) == 1
    alarms = project.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{project.name}/")["MetricAlarms"]
    assert len(alarms) == (1 if other == "guarded" else 0)
    again = project.call("destroy", env=env)
    assert (again.code, again.report["outcome"]) == (0, "unchanged")
    assert project.deploy(digests[0], env=env).code == 0


def test_prune_and_destroy_leave_alone_what_is_not_ours(project: Project) -> None:
    digest = project.publish("one")
    release = project.deploy(digest).report["release"]
    image = project.sagemaker.describe_model(ModelName=release)["PrimaryContainer"]["Image"]
    role = project.cloud.client("iam").get_role(RoleName=f"{project.name}-runtime")["Role"]["Arn"]
    # The names look like ours; one has no tags, the other is a release of another project.
    strangers = [f"{project.endpoint()}-{digit * 12}-{digit * 8}" for digit in "01"]
    tags = {"slipway:digest": digest, "slipway:project": "other", "slipway:environment": "dev"}
    given = [[], [{"Key": key, "Value": value} for key, value in tags.items()]]
    for name, its in zip(strangers, given, strict=True):
        container = {"Image": image}
        project.sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role, Tags=its)
        variant = {"VariantName": "main", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        project.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant], Tags=its)
    project.deploy(project.publish("two"))
    project.call("destroy")
    assert project.configs() == project.models() == strangers


def _split(project: Project, env: str, *, name: str) -> None:
    """Makes the project another one that shares names with it, with the environment that completes them."""
    text = project.toml.read_text()
    lines = [f'project = "{name}"' if line.startswith("project =") else line for line in text.splitlines()]
    role = "" if "execution_role" in text else f'\nexecution_role = "{project.name}-runtime"'
    shared = f'{lines[1]}{role}\nrepository = "{project.name}"' if role else lines[1]
    project.toml.write_text("\n".join(["", shared, *lines[2:], "", f"[environments.{env}]", ""]))


@pytest.mark.parametrize("mine", [("{}", "a-b"), ("{}-a", "b")], ids=["short project", "short environment"])
def test_endpoint_of_another_project_is_neither_updated_nor_deleted(project: Project, mine: tuple[str, str]) -> None:
    theirs = ("{}-a", "b") if mine[1] == "a-b" else ("{}", "a-b")
    digest, other = project.publish("theirs"), project.publish("mine")
    _split(project, theirs[1], name=theirs[0].format(project.name))
    assert (done := project.deploy(digest, env=theirs[1])).code == 0, done.err
    configs = project.configs()
    _split(project, mine[1], name=mine[0].format(project.name))
    for refused in (
        project.deploy(other, env=mine[1]),
        project.deploy(digest, env=mine[1]),
        project.call("destroy", env=mine[1]),
    ):
        assert refused.code == 3, refused.err
        assert f"belongs to environment {theirs[1]} of project {theirs[0].format(project.name)}, and" in refused.error
        assert "slipway.toml" in refused.error
    assert project.live("a-b") == "theirs"
    assert project.configs() == project.models() == configs


def test_endpoint_made_by_hand_is_neither_updated_nor_deleted(project: Project) -> None:
    for build in ("one", "two"):
        release = project.deploy(project.publish(build)).report["release"]
    arn = project.sagemaker.describe_endpoint(EndpointName=project.endpoint())["EndpointArn"]
    project.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["slipway:project", "slipway:environment"])
    before = project.configs()
    for refused in (project.deploy(project.publish("new")), project.call("rollback"), project.call("destroy")):
        assert refused.code == 3, refused.err
        assert "Slipway did not make it" in refused.error
        assert "by hand" in refused.error
    assert project.live() == "two"
    assert release in before
    assert project.configs() == before
