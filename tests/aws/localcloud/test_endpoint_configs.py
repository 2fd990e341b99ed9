"""Endpoint configurations of SageMaker hosting."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize("instance_type", ["ml.g6.xlarge", "ml.g6e.xlarge", "ml.g5.2xlarge", "ml.c7i.large"])
def test_current_instance_types_are_taken(hosting: Any, instance_type: str) -> None:
    """AWS API reference: ProductionVariant, InstanceType."""
    model = hosting.model("a")
    name = hosting.config(hosting.variant(model, InstanceType=instance_type))
    config = hosting.sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert config["ProductionVariants"] == [
        {
            "VariantName": "AllTraffic",
            "ModelName": model,
            "InitialInstanceCount": 1,
            "InstanceType": instance_type,
            "InitialVariantWeight": 1.0,
        }
    ]


def test_a_made_up_instance_type_is_refused(hosting: Any) -> None:
    """AWS API reference: ProductionVariant, InstanceType (valid values)."""
    with pytest.raises(ClientError, match=r"Value 'ml\.z9\.huge' at 'productionVariants\.1\.member\.instanceType'"):
        hosting.config(hosting.variant(hosting.model("a"), InstanceType="ml.z9.huge"))


def test_the_model_must_exist(hosting: Any) -> None:
    """AWS API reference: CreateEndpointConfig."""
    with pytest.raises(ClientError, match="Could not find model"):
        hosting.config(hosting.variant("no-such-model"))


def test_a_name_is_used_once(hosting: Any) -> None:
    """AWS API reference: CreateEndpointConfig (a configuration cannot be changed, only replaced by a new one)."""
    model = hosting.model("a")
    name = hosting.config(hosting.variant(model))
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        hosting.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[hosting.variant(model)])


def test_variants_need_names_of_their_own_and_a_weight(hosting: Any) -> None:
    """AWS API reference: ProductionVariant, VariantName and InitialVariantWeight."""
    variant = hosting.variant(hosting.model("a"))
    with pytest.raises(ClientError, match="must be unique"):
        hosting.config(variant, variant)
    with pytest.raises(ClientError, match="weight greater than 0"):
        hosting.config({**variant, "InitialVariantWeight": 0.0})


@pytest.mark.parametrize(
    "extra",
    [
        {"CoreDumpConfig": {"DestinationS3Uri": "s3://dumps/here"}},
        {"ManagedInstanceScaling": {"Status": "ENABLED"}},
    ],
)
def test_what_is_not_here_is_refused(hosting: Any, extra: dict[str, Any]) -> None:
    """AWS API reference: ProductionVariant, CoreDumpConfig and ManagedInstanceScaling."""
    with pytest.raises(ClientError, match="the local cloud does not have"):
        hosting.config(hosting.variant(hosting.model("a"), **extra))


def test_a_configuration_in_use_cannot_be_deleted(hosting: Any) -> None:
    """AWS API reference: DeleteEndpointConfig ("You must not delete an EndpointConfig in use")."""
    config = hosting.config_for("a")
    endpoint = hosting.create(config)
    hosting.wait(endpoint, "InService")
    with pytest.raises(ClientError, match=f'the endpoint "{endpoint}" uses it') as refused:
        hosting.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    hosting.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1})
    hosting.sagemaker.delete_endpoint_config(EndpointConfigName=config)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        hosting.sagemaker.describe_endpoint_config(EndpointConfigName=config)


def test_tags_are_added_listed_and_removed(hosting: Any) -> None:
    """AWS API reference: AddTags, ListTags, DeleteTags."""
    name = hosting.config_for("a")
    arn = hosting.sagemaker.describe_endpoint_config(EndpointConfigName=name)["EndpointConfigArn"]
    hosting.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    hosting.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert hosting.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="Could not find resource"):
        hosting.sagemaker.list_tags(ResourceArn=arn + "-unknown")
