"""The life of an endpoint."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_an_endpoint_is_creating_until_ping_answers(hosting: Any) -> None:
    """AWS developer guide: Use Your Own Inference Code, "How Your Container Should Respond to Health Check"."""
    config = hosting.config_for("a", warm_after=0.7)
    endpoint = hosting.create(config)
    description = hosting.describe(endpoint)
    assert description["EndpointStatus"] == "Creating"
    assert description["PendingDeploymentSummary"]["EndpointConfigName"] == config
    description = hosting.wait(endpoint, "InService", "Failed")
    assert description["EndpointStatus"] == "InService"
    assert "PendingDeploymentSummary" not in description
    assert description["LastModifiedTime"] > description["CreationTime"]


def test_a_live_endpoint_tells_the_image_that_it_runs(hosting: Any) -> None:
    """AWS API reference: ProductionVariantSummary, DeployedImage."""
    image = hosting.image("a")
    tagged = f"{image.split('@')[0]}:{hosting.name('tag')}"
    digest = hosting.registry.push("hosting", tagged.rpartition(":")[2], build="by tag")
    model = hosting.name("model")
    hosting.sagemaker.create_model(ModelName=model, ExecutionRoleArn=hosting.role, PrimaryContainer={"Image": tagged})
    endpoint = hosting.create(hosting.config(hosting.variant(model, InitialInstanceCount=2)))
    (variant,) = hosting.wait(endpoint, "InService")["ProductionVariants"]
    deployed = variant["DeployedImages"][0]
    assert deployed["SpecifiedImage"] == tagged
    assert deployed["ResolvedImage"] == f"{image.split('@')[0]}@{digest}"
    assert deployed["ResolutionTime"]
    assert variant["VariantName"] == "AllTraffic"
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (1.0, 1.0)
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        ({"ping": 500}, "/ping answered 500"),
        ({"ping_takes": 5}, r"/ping did not answer within 0\.5 s"),
        ({"exit": 7, "says": ["no weights here"]}, "it exited with code 7: no weights here"),
    ],
)
def test_an_endpoint_that_never_becomes_healthy_fails_with_a_reason(
    hosting: Any, behaviour: dict[str, Any], told: str
) -> None:
    """AWS developer guide: health check requests; API reference: DescribeEndpoint, FailureReason."""
    variant = {"ContainerStartupHealthCheckTimeoutInSeconds": 150}
    endpoint = hosting.create(hosting.config_for("sick", variant=variant, **behaviour))
    description = hosting.wait(endpoint, "Failed", "InService")
    assert description["EndpointStatus"] == "Failed"
    assert description["FailureReason"].startswith(
        "The primary container for production variant AllTraffic did not pass the ping health check."
    )
    assert re.search(told, description["FailureReason"])
    with pytest.raises(ClientError, match="is not in service: its status is Failed"):
        hosting.ask(endpoint)


def test_a_failed_endpoint_can_only_be_deleted(hosting: Any) -> None:
    """AWS API reference: DescribeEndpoint, EndpointStatus Failed."""
    endpoint = hosting.create(hosting.config_for("sick", exit=1))
    hosting.wait(endpoint, "Failed")
    with pytest.raises(ClientError, match="it can only be deleted"):
        hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config_for("well"))
    hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    hosting.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1})


def test_a_second_endpoint_of_the_same_name_is_refused(hosting: Any) -> None:
    """AWS API reference: CreateEndpoint (EndpointName is unique in an account and region)."""
    endpoint = hosting.live("a")
    with pytest.raises(ClientError, match=f'Cannot create already existing endpoint "arn:.*:endpoint/{endpoint}"'):
        hosting.sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config_for("b"))
    assert hosting.ask(endpoint)["build"] == "a"


def test_unknown_names_are_refused(hosting: Any) -> None:
    """AWS API reference: CreateEndpoint, UpdateEndpoint, DescribeEndpoint, DeleteEndpoint."""
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        hosting.create("no-such-config")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.describe("no-such-endpoint")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.sagemaker.delete_endpoint(EndpointName="no-such-endpoint")
    with pytest.raises(ClientError, match="Could not find endpoint"):
        hosting.sagemaker.update_endpoint(EndpointName="no-such-endpoint", EndpointConfigName="x")


def test_an_endpoint_under_way_cannot_be_changed(hosting: Any) -> None:
    """AWS API reference: UpdateEndpoint, DeleteEndpoint; "Cannot update in-progress endpoint"."""
    endpoint = hosting.create(hosting.config_for("slow", warm_after=1))
    other = hosting.config_for("other")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=other)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    assert hosting.wait(endpoint, "InService")["EndpointStatus"] == "InService"


def test_a_deleted_endpoint_stops_its_container(hosting: Any) -> None:
    """AWS API reference: DeleteEndpoint ("frees up all of the resources")."""
    endpoint = hosting.live("a")
    pid = hosting.ask(endpoint)["pid"]
    hosting.sagemaker.delete_endpoint(EndpointName=endpoint)
    hosting.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1})
    _wait_gone(pid)
    with pytest.raises(ClientError, match="not found"):
        hosting.ask(endpoint)


def test_endpoints_are_listed_by_status(hosting: Any) -> None:
    """AWS API reference: ListEndpoints."""
    live, failed = hosting.live("a"), hosting.create(hosting.config_for("sick", exit=1))
    hosting.wait(failed, "Failed")
    for status, name in (("InService", live), ("Failed", failed)):
        (found,) = hosting.sagemaker.list_endpoints(StatusEquals=status, NameContains=hosting.prefix)["Endpoints"]
        assert (found["EndpointName"], found["EndpointStatus"]) == (name, status)


def _wait_gone(pid: int) -> None:

    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")
