"""Stacks against the local cloud: what is told of them is what exists there.

The CDK's command needs Node.js and is run by tests/pipeline; here its place is taken by the calls that it makes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.cloud import Cloud
from infra.config import load
from infra.errors import InputError, Refused
from infra.stacks import cdk, world
from infra.stacks.assembly import Assembly
from infra.stacks.deploy import Deployer, Report

TOML = """
project = "{project}"
region = "eu-west-1"

[environments.dev]
scaling = {{ max_instances = 3 }}
"""


def template(project: str, what: str) -> dict[str, Any]:
    """A template of each stack, with a type planted that no local cloud makes."""
    repository = {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain"}
    resources: dict[str, dict[str, Any]] = {
        "registry": {"Images": {**repository, "Properties": {"RepositoryName": project}}},
        "dev-watching": {
            "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"{project}-alarms"}},
            "Planted": {"Type": "AWS::MediaLive::Channel", "Properties": {"Name": project}},
        },
        "dev-scaling": {"Instances": {"Type": "AWS::ApplicationAutoScaling::ScalableTarget", "Properties": {}}},
    }
    parameter = {"Name": f"/{project}/{what}", "Type": "String", "Value": "1"}
    return {"Resources": resources.get(what) or {"Any": {"Type": "AWS::SSM::Parameter", "Properties": parameter}}}


@pytest.fixture
def deployer(local_cloud: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployer:
    project = f"p{uuid.uuid4().hex[:8]}"
    for key, value in {
        "AWS_ENDPOINT_URL": local_cloud.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "SLIPWAY_REGISTRY": local_cloud.registry.url,
    }.items():
        monkeypatch.setenv(key, value)
    (tmp_path / "slipway.toml").write_text(TOML.format(project=project))
    artifacts = {}
    for what in ("registry", "storage", "roles", "dev-watching", "dev-scaling"):
        name = f"{project}-{what}"
        (tmp_path / f"{name}.template.json").write_text(json.dumps(template(project, what)))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://unknown-account/eu-west-1",
            "properties": {"templateFile": f"{name}.template.json"},
        }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    cloudformation = local_cloud.client("cloudformation")

    def deploy(folder: Path, stacks: Sequence[str], _say: object) -> None:
        for name in stacks:
            words = {"StackName": name, "ChangeSetName": "test"}
            text = (folder / f"{name}.template.json").read_text()
            kind = "UPDATE" if world.exists(Cloud.from_environment("eu-west-1"), name) else "CREATE"
            cloudformation.create_change_set(
                **words, ChangeSetType=kind, TemplateBody=text, ImportExistingResources=True
            )
            if cloudformation.describe_change_set(**words)["Status"] == "CREATE_COMPLETE":
                cloudformation.execute_change_set(**words)

    monkeypatch.setattr(cdk, "deploy", deploy)
    local_cloud.client("ssm").put_parameter(Name=world.BOOTSTRAP, Value="30", Type="String", Overwrite=True)
    return Deployer(load(tmp_path / "slipway.toml"), "dev", Assembly.read(tmp_path), print)


def states(report: Report) -> dict[str, str]:
    return {one.stack.partition("-")[2]: one.state for one in report.outcomes}


def test_what_cannot_be_made_is_named_and_not_counted(deployer: Deployer) -> None:
    report = deployer.deploy()
    (watching,) = [one for one in report.outcomes if one.stack.endswith("watching")]
    assert (watching.resources, watching.absent) == (1, {"Planted": "AWS::MediaLive::Channel"})
    told = report.to_markdown()
    assert "**Not created** (the local cloud has no such type):" in told
    assert f"- {watching.stack}: AWS::MediaLive::Channel Planted" in told


def test_a_second_deployment_changes_nothing(deployer: Deployer) -> None:
    assert states(deployer.deploy())["registry"] == "created"
    assert set(states(deployer.deploy()).values()) == {"unchanged", "waits"}


def test_scaling_waits_for_the_endpoint_and_says_so(deployer: Deployer, local_cloud: Any) -> None:
    report = deployer.deploy()
    name = f"{deployer.config.settings.project}-dev"
    assert states(report)["dev-scaling"] == "waits"
    assert f"there is no endpoint {name} yet whose instances could be scaled" in report.to_markdown()
    assert not world.exists(deployer.clouds["eu-west-1"], f"{name}-scaling")


def test_what_publish_made_is_taken_over(deployer: Deployer, local_cloud: Any) -> None:
    project = deployer.config.settings.project
    local_cloud.client("ecr").create_repository(repositoryName=project, imageTagMutability="IMMUTABLE")
    report = deployer.deploy()
    assert report.outcomes[0].adopted == (project,)
    assert f"{project} was there before and is {project}-registry's now" in report.to_markdown()
    # The template does not ask for it, so it is not as the template says.
    (difference,) = deployer.drift()
    assert str(difference) == f"AWS::ECR::Repository {project} differs in /ImageTagMutability"


def test_drift_tells_what_is_gone(deployer: Deployer, local_cloud: Any) -> None:
    assert deployer.drift() == []
    deployer.deploy()
    assert deployer.drift() == []
    local_cloud.client("ecr").delete_repository(repositoryName=deployer.config.settings.project)
    assert [one.status for one in deployer.drift()] == ["DELETED"]


def test_an_account_without_bootstrap_is_refused_before_anything_is_made(
    deployer: Deployer, local_cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_cloud.client("ssm").delete_parameter(Name=world.BOOTSTRAP)
    monkeypatch.delenv("SLIPWAY_REGISTRY")
    with pytest.raises(Refused, match="the CDK's bootstrap is not in eu-west-1: run `stacks bootstrap` once"):
        deployer.deploy()


def test_an_assembly_of_another_project_is_told(deployer: Deployer, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"artifacts": {}}')
    with pytest.raises(InputError, match=r"has no stack p.*-registry or .*: it was made from another slipway.toml"):
        _ = Deployer(deployer.config, "dev", Assembly.read(tmp_path), print).stacks
    with pytest.raises(InputError, match="is no cloud assembly"):
        Assembly.read(tmp_path / "away")
