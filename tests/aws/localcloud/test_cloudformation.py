"""Stacks of the local cloud: what is made is really there, what cannot be made is not listed, what fails is undone."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def name() -> str:
    return f"s{uuid.uuid4().hex[:8]}"


def repository(name: Any, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::ECR::Repository",
        "DeletionPolicy": "Retain",
        "Properties": {"RepositoryName": name, "ImageTagMutability": "IMMUTABLE", **properties},
    }


def create(cloud: Any, name: str, resources: dict[str, Any], **more: Any) -> None:
    cloud.client("cloudformation").create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources, **more}), Tags=[{"Key": "a", "Value": "b"}]
    )


def described(cloud: Any, name: str) -> dict[str, Any]:
    (one,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(one)


def resources(cloud: Any, name: str) -> dict[str, str]:
    found = cloud.client("cloudformation").list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {one["LogicalResourceId"]: one["ResourceStatus"] for one in found}


def exists(cloud: Any, name: str) -> bool:
    try:
        cloud.client("ecr").describe_repositories(repositoryNames=[name])
    except ClientError:
        return False
    return True


def test_what_is_made_is_there_with_the_stack_s_tags(local_cloud: Any, name: str) -> None:
    """AWS API reference (CloudFormation): CreateStack, DescribeStacks; intrinsic functions."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": TRUST}}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Fn::Sub": f"{name}-${{AWS::AccountId}}"}}}
    never = {"Type": "AWS::S3::Bucket", "Condition": "Never"}
    create(
        local_cloud,
        name,
        {"Bucket": bucket, "Role": role, "Other": never},
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
        Outputs={"Arn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}, "Name": {"Value": {"Ref": "Bucket"}}},
    )
    one = described(local_cloud, name)
    assert one["StackStatus"] == "CREATE_COMPLETE"
    outputs = {output["OutputKey"]: output["OutputValue"] for output in one["Outputs"]}
    held = local_cloud.client("iam").get_role(RoleName=name)["Role"]
    assert outputs == {"Arn": held["Arn"], "Name": f"{name}-123456789012"}
    assert held["Tags"] == [{"Key": "a", "Value": "b"}]
    local_cloud.client("s3").head_bucket(Bucket=outputs["Name"])
    assert resources(local_cloud, name) == {"Bucket": "CREATE_COMPLETE", "Role": "CREATE_COMPLETE"}


def test_a_type_that_cannot_be_made_is_never_called_created(local_cloud: Any, name: str) -> None:
    planted = {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": name, "ProtocolType": "HTTP"}}
    create(local_cloud, name, {"Api": planted, "Images": repository(name)})
    assert resources(local_cloud, name) == {"Images": "CREATE_COMPLETE"}
    events = local_cloud.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    assert "Api" not in {event["LogicalResourceId"] for event in events}


def test_what_refers_to_a_thing_that_cannot_be_made_is_made(local_cloud: Any, name: str) -> None:
    arn = {"Fn::GetAtt": ["Log", "Arn"]}
    statement = {"Effect": "Allow", "Action": ["logs:PutLogEvents"], "Resource": [arn, {"Fn::Join": ["", [arn, ":*"]]}]}
    role = {"RoleName": name, "AssumeRolePolicyDocument": TRUST}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    policy = {"PolicyName": "log", "Roles": [{"Ref": "Role"}], "PolicyDocument": document}
    create(
        local_cloud,
        name,
        {
            "Log": {"Type": "AWS::Logs::LogGroup"},
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Policy": {"Type": "AWS::IAM::Policy", "Properties": policy},
        },
    )
    assert described(local_cloud, name)["StackStatus"] == "CREATE_COMPLETE"
    assert set(resources(local_cloud, name)) == {"Role", "Policy"}


def test_a_stack_that_fails_is_taken_back_and_says_why(local_cloud: Any, name: str) -> None:
    """AWS user guide (CloudFormation): stack failure options, ROLLBACK_COMPLETE."""
    local_cloud.client("ecr").create_repository(repositoryName=name)
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": TRUST}}
    create(local_cloud, name, {"Role": role, "Images": {**repository(name), "DependsOn": "Role"}})
    one = described(local_cloud, name)
    assert (one["StackStatus"], one["StackStatusReason"]) == ("ROLLBACK_COMPLETE", f"{name} already exists")
    iam = local_cloud.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)
    assert exists(local_cloud, name)
    with pytest.raises(ClientError, match="ROLLBACK_COMPLETE state and can not be updated"):
        local_cloud.client("cloudformation").update_stack(StackName=name, TemplateBody='{"Resources": {"A": {}}}')


def test_an_update_that_fails_brings_back_what_was(local_cloud: Any, name: str) -> None:
    create(local_cloud, name, {"Images": repository(name)})
    local_cloud.client("ecr").create_repository(repositoryName=f"{name}-taken")
    taken = {**repository(f"{name}-taken"), "DependsOn": "Images"}
    broken = {"Images": repository(name, ImageTagMutability="MUTABLE"), "Taken": taken}
    cloudformation = local_cloud.client("cloudformation")
    cloudformation.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": broken}))
    assert described(local_cloud, name)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    (held,) = local_cloud.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    assert held["imageTagMutability"] == "IMMUTABLE"
    assert set(resources(local_cloud, name)) == {"Images"}


def test_a_change_set_takes_over_what_exists_and_leaves_it_as_it_is(local_cloud: Any, name: str) -> None:
    """AWS API reference (CloudFormation): CreateChangeSet, ImportExistingResources."""
    local_cloud.client("ecr").create_repository(repositoryName=name)
    cloudformation = local_cloud.client("cloudformation")
    text = json.dumps({"Resources": {"Images": repository(name)}})
    words = {"StackName": name, "ChangeSetName": "first"}
    cloudformation.create_change_set(**words, ChangeSetType="CREATE", TemplateBody=text, ImportExistingResources=True)
    assert described(local_cloud, name)["StackStatus"] == "REVIEW_IN_PROGRESS"
    (change,) = cloudformation.describe_change_set(**words)["Changes"]
    assert change["ResourceChange"]["LogicalResourceId"] == "Images"
    cloudformation.execute_change_set(**words)
    assert resources(local_cloud, name) == {"Images": "IMPORT_COMPLETE"}
    (held,) = local_cloud.client("ecr").describe_repositories(repositoryNames=[name])["repositories"]
    assert held["imageTagMutability"] == "MUTABLE"
    cloudformation.create_change_set(**words, ChangeSetType="UPDATE", TemplateBody=text)
    assert "didn't contain changes" in cloudformation.describe_change_set(**words)["StatusReason"]


def test_drift_is_what_was_changed_past_the_stack(local_cloud: Any, name: str) -> None:
    """AWS API reference (CloudFormation): DetectStackDrift, DescribeStackResourceDrifts."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": TRUST}}
    create(local_cloud, name, {"Images": repository(name), "Role": role})
    cloudformation = local_cloud.client("cloudformation")

    def found() -> tuple[str, dict[str, str]]:
        detection = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
        status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        drifts = cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        each = {one["LogicalResourceId"]: one["StackResourceDriftStatus"] for one in drifts}
        return status["StackDriftStatus"], each

    assert found() == ("IN_SYNC", {"Images": "IN_SYNC", "Role": "IN_SYNC"})
    local_cloud.client("ecr").put_image_tag_mutability(repositoryName=name, imageTagMutability="MUTABLE")
    local_cloud.client("iam").delete_role(RoleName=name)
    assert found() == ("DRIFTED", {"Images": "MODIFIED", "Role": "DELETED"})
    (changed,) = [
        one
        for one in cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
        if one["LogicalResourceId"] == "Images"
    ]
    assert [one["PropertyPath"] for one in changed["PropertyDifferences"]] == ["/ImageTagMutability"]


def test_a_deleted_stack_keeps_what_is_to_be_kept(local_cloud: Any, name: str) -> None:
    """AWS user guide (CloudFormation): DeletionPolicy."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name, "AssumeRolePolicyDocument": TRUST}}
    create(local_cloud, name, {"Images": repository(name), "Role": role})
    local_cloud.client("cloudformation").delete_stack(StackName=name)
    with pytest.raises(ClientError, match=f"Stack with id {name} does not exist"):
        described(local_cloud, name)
    assert exists(local_cloud, name)
    iam = local_cloud.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"Resources": {}}, "At least one Resources member must be defined"),
        ({"Resources": {"A": repository({"Ref": "B"})}}, r"Unresolved resource dependencies \[B\]"),
        (
            {"Resources": {"A": repository("aa"), "B": repository("bb")} | {}, "Parameters": {"P": {"Type": "String"}}},
            "P",
        ),
        (
            {"Resources": {"A": {**repository("aa"), "DependsOn": "B"}, "B": {**repository("bb"), "DependsOn": "A"}}},
            "Circular dependency between resources",
        ),
        ({"Resources": {"A": repository({"Fn::Base64": "a"})}}, "does not know the function Fn::Base64"),
    ],
)
def test_templates_that_cannot_be(local_cloud: Any, name: str, template: dict[str, Any], says: str) -> None:
    cloudformation = local_cloud.client("cloudformation")
    try:
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        told = described(local_cloud, name)["StackStatusReason"]
    except ClientError as error:
        told = str(error)
    assert re.search(says, told)


def test_stacks_outlive_the_process(start_cloud: Callable[..., Any], tmp_path: Path, name: str) -> None:
    first = start_cloud(tmp_path / "state")
    create(first, name, {"Images": repository(name)})
    first.stop()
    again = start_cloud(tmp_path / "state")
    assert resources(again, name) == {"Images": "CREATE_COMPLETE"}
    assert described(again, name)["StackStatus"] == "CREATE_COMPLETE"
