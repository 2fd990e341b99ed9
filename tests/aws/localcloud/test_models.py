"""Models of SageMaker hosting."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def test_a_model_is_described_as_it_was_created(hosting: Any) -> None:
    """AWS API reference: CreateModel, DescribeModel."""
    image = hosting.image("a")
    container = {"Image": image, "Environment": {"KEY": "value"}}
    name = hosting.name("model")
    arn = hosting.sagemaker.create_model(
        ModelName=name, ExecutionRoleArn=hosting.role, PrimaryContainer=container, Tags=[{"Key": "k", "Value": "v"}]
    )["ModelArn"]
    model = hosting.sagemaker.describe_model(ModelName=name)
    assert arn == model["ModelArn"] == f"arn:aws:sagemaker:eu-west-1:123456789012:model/{name}"
    assert model["PrimaryContainer"] == {**container, "Mode": "SingleModel"}
    assert model["ExecutionRoleArn"] == hosting.role
    assert model["CreationTime"]
    assert hosting.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_second_model_of_the_same_name_is_refused(hosting: Any) -> None:
    """AWS API reference: CreateModel (ModelName is unique in an account and region)."""
    name = hosting.model("a")
    with pytest.raises(ClientError, match="Cannot create already existing model") as refused:
        hosting.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=hosting.role, PrimaryContainer={"Image": hosting.image("b")}
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (f"{HOST}/hosting@sha256:{'0' * 64}", "not found"),
        (f"{HOST}/hosting:no-such-tag", "not found"),
        (f"{HOST}/no-such-repository:v1", "not found"),
        ("210987654321.dkr.ecr.eu-west-1.amazonaws.com/hosting:v1", "not found"),
        ("docker.io/library/debian:trixie", "Using non-ECR image"),
    ],
)
def test_an_image_that_is_not_there_is_refused(hosting: Any, image: str, reason: str) -> None:
    """AWS developer guide: Use Your Own Inference Code with Hosting Services; the image must be in ECR."""
    with pytest.raises(ClientError, match=reason) as refused:
        hosting.sagemaker.create_model(
            ModelName=hosting.name("model"), ExecutionRoleArn=hosting.role, PrimaryContainer={"Image": image}
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_an_oci_manifest_is_refused(hosting: Any, registry: Any) -> None:
    """CreateModel: "Unsupported manifest media type" (aws/amazon-sagemaker-feedback#180)."""
    digest = registry.push("hosting", hosting.name("oci"), build="oci", media_type=OCI_MANIFEST)
    with pytest.raises(ClientError, match=f"Unsupported manifest media type {OCI_MANIFEST}".replace("+", r"\+")):
        hosting.sagemaker.create_model(
            ModelName=hosting.name("model"),
            ExecutionRoleArn=hosting.role,
            PrimaryContainer={"Image": f"{HOST}/hosting@{digest}"},
        )


def test_an_oci_index_is_refused(hosting: Any, registry: Any) -> None:
    """CreateModel: an index names no image by itself (mlflow/mlflow#13834)."""
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).encode()
    digest = registry.put_manifest("hosting", hosting.name("index"), OCI_INDEX, index)
    with pytest.raises(ClientError, match="Unsupported manifest media type"):
        hosting.sagemaker.create_model(
            ModelName=hosting.name("model"),
            ExecutionRoleArn=hosting.role,
            PrimaryContainer={"Image": f"{HOST}/hosting@{digest}"},
        )


@pytest.mark.parametrize("principal", ["lambda.amazonaws.com", None])
def test_a_role_that_sagemaker_cannot_assume_is_refused(hosting: Any, principal: str | None) -> None:
    """AWS developer guide: SageMaker Roles; the trust policy names sagemaker.amazonaws.com."""
    arn = "arn:aws:iam::123456789012:role/nobody"
    if principal:
        trust = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam = hosting.cloud.client("iam")
        arn = iam.create_role(RoleName=hosting.name("role"), AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    with pytest.raises(ClientError, match="Could not assume role"):
        hosting.sagemaker.create_model(
            ModelName=hosting.name("model"), ExecutionRoleArn=arn, PrimaryContainer={"Image": hosting.image("a")}
        )


def test_a_name_that_breaks_the_pattern_is_refused(hosting: Any) -> None:
    """AWS API reference: CreateModel, pattern of ModelName."""
    with pytest.raises(ClientError, match="'modelName' failed to satisfy constraint: Member must satisfy regular"):
        hosting.sagemaker.create_model(
            ModelName="under_score", ExecutionRoleArn=hosting.role, PrimaryContainer={"Image": hosting.image("a")}
        )


def test_a_feature_that_is_not_here_is_refused_and_not_ignored(hosting: Any) -> None:
    """AWS API reference: CreateModel, Containers (inference pipelines)."""
    with pytest.raises(ClientError, match="does not have inference pipelines"):
        hosting.sagemaker.create_model(
            ModelName=hosting.name("model"),
            ExecutionRoleArn=hosting.role,
            Containers=[{"Image": hosting.image("a")}, {"Image": hosting.image("b")}],
        )


def test_model_data_reaches_the_container(hosting: Any) -> None:
    """AWS developer guide: Use Your Own Inference Code, "How Containers Load Model Artifacts"."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        info = tarfile.TarInfo("weights.txt")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"1234"))
    s3 = hosting.cloud.client("s3")
    bucket = hosting.name("bucket")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key="a/model.tar.gz", Body=archive.getvalue())
    endpoint = hosting.live("a", container={"ModelDataUrl": f"s3://{bucket}/a/model.tar.gz"})
    assert hosting.ask(endpoint)["model"] == {"weights.txt": "1234"}
    with pytest.raises(ClientError, match="Could not find model data"):
        hosting.model("b", container={"ModelDataUrl": f"s3://{bucket}/missing.tar.gz"})


def test_unknown_models_are_named(hosting: Any) -> None:
    """AWS API reference: DescribeModel, DeleteModel."""
    for call in (hosting.sagemaker.describe_model, hosting.sagemaker.delete_model):
        with pytest.raises(
            ClientError, match='Could not find model "arn:aws:sagemaker:eu-west-1:123456789012:model/x"'
        ):
            call(ModelName="x")


def test_models_are_listed_in_pages_and_deleted(hosting: Any) -> None:
    """AWS API reference: ListModels, DeleteModel."""
    names = [hosting.model(build) for build in ("a", "b", "c")]
    pages = hosting.sagemaker.get_paginator("list_models").paginate(
        NameContains=hosting.prefix, SortBy="CreationTime", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[model["ModelName"] for model in page["Models"]] for page in pages] == [names[:2], names[2:]]
    hosting.sagemaker.delete_model(ModelName=names[0])
    left = hosting.sagemaker.list_models(NameContains=hosting.prefix)["Models"]
    assert {model["ModelName"] for model in left} == set(names[1:])


def test_a_model_behind_a_live_endpoint_cannot_be_deleted(hosting: Any) -> None:
    """Stricter than AWS API reference: DeleteModel, which leaves an endpoint that can no longer be scaled."""
    model = hosting.model("a")
    endpoint = hosting.create(hosting.config(hosting.variant(model)))
    hosting.wait(endpoint, "InService")
    with pytest.raises(ClientError, match="uses it") as refused:
        hosting.sagemaker.delete_model(ModelName=model)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
