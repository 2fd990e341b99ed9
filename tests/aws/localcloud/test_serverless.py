"""Serverless endpoints: what may be configured, cold starts, and the limits of an invocation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.processes import wait_until


def serverless(hosting: Any, build: str = "a", behaviour: dict[str, Any] | None = None, **config: Any) -> str:
    """An endpoint configuration; times in ``behaviour`` are wall seconds."""
    model = hosting.model(build, **(behaviour or {}))
    wanted = {"MemorySizeInMB": 2048, "MaxConcurrency": 2, **config}
    return str(hosting.config({"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": wanted}))


def live(hosting: Any, *args: Any, **config: Any) -> str:
    endpoint = str(hosting.create(serverless(hosting, *args, **config)))
    hosting.wait(endpoint, "InService")
    return endpoint


def test_a_serverless_endpoint_answers_and_is_described(hosting: Any) -> None:
    """AWS API reference: ProductionVariantSummary, CurrentServerlessConfig; developer guide: Describe an endpoint."""
    endpoint = live(hosting, ProvisionedConcurrency=1)
    (variant,) = hosting.describe(endpoint)["ProductionVariants"]
    wanted = {"MemorySizeInMB": 2048, "MaxConcurrency": 2, "ProvisionedConcurrency": 1}
    assert variant["CurrentServerlessConfig"] == variant["DesiredServerlessConfig"] == wanted
    assert "CurrentInstanceCount" not in variant
    assert hosting.ask(endpoint)["build"] == "a"


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"MemorySizeInMB": 2000}, "MemorySizeInMB 2000 is not valid"),
        ({"MemorySizeInMB": 8192}, "less than or equal to 6144"),
        ({"MaxConcurrency": 201}, "less than or equal to 200"),
        ({"ProvisionedConcurrency": 3}, "must be less than or equal to MaxConcurrency 2"),
    ],
)
def test_its_numbers_have_limits(hosting: Any, config: dict[str, Any], reason: str) -> None:
    """AWS API reference: ProductionVariantServerlessConfig."""
    with pytest.raises(ClientError, match=reason):
        serverless(hosting, **config)


def test_it_has_no_instances(hosting: Any) -> None:
    """AWS API reference: ProductionVariant, ServerlessConfig ("instead of an instance-based" one)."""
    variant = hosting.variant(hosting.model("a"), ServerlessConfig={"MemorySizeInMB": 2048, "MaxConcurrency": 1})
    with pytest.raises(ClientError, match="ServerlessConfig and InstanceType cannot both be specified"):
        hosting.config(variant)


def test_features_of_instances_are_refused(hosting: Any) -> None:
    """AWS developer guide: Serverless Inference, feature exclusions."""
    model = hosting.model("a")
    variants = [
        {
            "VariantName": name,
            "ModelName": model,
            "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
        }
        for name in ("A", "B")
    ]
    with pytest.raises(ClientError, match="do not support multiple production variants"):
        hosting.config(*variants)
    with pytest.raises(ClientError, match="do not support VPC configuration"):
        hosting.sagemaker.create_endpoint_config(
            EndpointConfigName=hosting.name("config"),
            ProductionVariants=variants[:1],
            VpcConfig={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        )


def test_instances_become_serverless_never_and_the_other_way_round_they_do(hosting: Any) -> None:
    """AWS developer guide: Serverless endpoint operations, Update an endpoint."""
    endpoint = hosting.live("instances")
    with pytest.raises(ClientError, match="cannot be converted to a serverless endpoint") as refused:
        hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=serverless(hosting))
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert hosting.describe(endpoint)["EndpointStatus"] == "InService"

    endpoint = live(hosting)
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=serverless(hosting, "b"))
    hosting.wait(endpoint, "InService")
    assert hosting.ask(endpoint)["build"] == "b"
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config_for("c"))
    hosting.wait(endpoint, "InService")
    assert hosting.ask(endpoint)["build"] == "c"


def test_guardrails_are_not_for_serverless_endpoints(hosting: Any) -> None:
    """AWS developer guide: Deployment guardrails ("only apply to Asynchronous inference and Real-time inference")."""
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    with pytest.raises(ClientError, match="DeploymentConfig cannot be used with serverless endpoints"):
        hosting.sagemaker.update_endpoint(
            EndpointName=live(hosting),
            EndpointConfigName=serverless(hosting),
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        )


def test_its_concurrency_can_be_changed(hosting: Any) -> None:
    """AWS API reference: DesiredWeightAndCapacity, ServerlessUpdateConfig."""
    endpoint = live(hosting)
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 7}}],
    )
    (variant,) = hosting.wait(endpoint, "InService")["ProductionVariants"]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 7}


def test_a_request_is_smaller_than_four_megabytes(hosting: Any) -> None:
    """AWS developer guide: Serverless Inference, Invoke a serverless endpoint (payload of up to 4 MB)."""
    endpoint, limit = live(hosting), 4 * 1024 * 1024
    assert hosting.ask(endpoint, b"x" * limit)["bytes"] == limit
    with pytest.raises(ClientError, match=f"HTTP content length exceeded {limit} bytes"):
        hosting.ask(endpoint, b"x" * (limit + 1))


def test_more_requests_than_its_concurrency_are_throttled(hosting: Any) -> None:
    """AWS developer guide: Serverless Inference, concurrency; API reference: Common errors, ThrottlingException."""
    endpoint = live(hosting, "slow", {"invocation_takes": 0.8}, MaxConcurrency=1)

    def asked(_: int) -> str:
        try:
            return str(hosting.ask(endpoint)["build"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    def one_is_refused() -> bool:
        with ThreadPoolExecutor(2) as pool:
            return sorted(pool.map(asked, range(2))) == ["ThrottlingException", "slow"]

    wait_until(one_is_refused, "one of two requests at once to be refused")


def test_a_container_sleeps_after_a_while_and_the_next_request_starts_it(hosting: Any) -> None:
    """AWS developer guide: Serverless Inference, cold start."""
    endpoint = live(hosting)
    kept = live(hosting, "kept", ProvisionedConcurrency=1)
    # Two minutes of AWS are 2.4 seconds in the shared cloud.
    first, ready = hosting.ask(endpoint)["pid"], hosting.ask(kept)["pid"]

    wait_until(lambda: not Path(f"/proc/{first}").exists(), "the container to be stopped")
    again = hosting.ask(endpoint)
    assert (again["build"], again["pid"] != first) == ("a", True)
    assert hosting.ask(kept)["pid"] == ready
