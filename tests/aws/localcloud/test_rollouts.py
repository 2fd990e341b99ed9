"""UpdateEndpoint: blue/green, traffic shifting, baking, roll-back."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

# Seconds of AWS; the shared cloud runs fifty times faster.
BAKE = 100


def policy(kind: str, *, bake: int = BAKE, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": bake, **size},
            "TerminationWaitInSeconds": 0,
        }
    }


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


@pytest.fixture
def alarm(hosting: Any) -> Any:
    """An alarm and a way to set its state."""
    cloudwatch = hosting.cloud.client("cloudwatch")
    name = hosting.name("alarm")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    def ring(state: str) -> str:
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="the test says so")
        return str(name)

    return ring


def test_the_new_configuration_replaces_the_old_one(hosting: Any) -> None:
    """AWS API reference: UpdateEndpoint; without a policy all traffic moves at once."""
    endpoint = hosting.live("blue")
    old = hosting.describe(endpoint)
    pid = hosting.ask(endpoint)["pid"]
    config = hosting.config_for("green")
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    pending = hosting.describe(endpoint)
    assert pending["EndpointStatus"] == "Updating"
    assert pending["EndpointConfigName"] == old["EndpointConfigName"]
    assert pending["PendingDeploymentSummary"]["EndpointConfigName"] == config
    done = hosting.wait(endpoint, "InService")
    assert done["EndpointConfigName"] == config
    assert done["CreationTime"] == old["CreationTime"]
    assert done["ProductionVariants"][0]["DeployedImages"] != old["ProductionVariants"][0]["DeployedImages"]
    assert hosting.builds(endpoint, 5) == {"green"}
    wait_gone(pid)


def test_the_old_fleet_answers_until_the_new_one_is_healthy(hosting: Any) -> None:
    """AWS API reference: UpdateEndpoint ("there is no availability loss")."""
    endpoint = hosting.live("blue")
    config = hosting.config_for("green", warm_after=1)
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    seen = []
    while hosting.describe(endpoint)["EndpointStatus"] == "Updating":
        seen.append(hosting.ask(endpoint)["build"])
    assert seen[0] == "blue"
    assert hosting.ask(endpoint)["build"] == "green"


def test_an_unhealthy_update_rolls_back_and_the_endpoint_is_in_service_with_the_old_configuration(hosting: Any) -> None:
    """The silent roll-back of UpdateEndpoint (hashicorp/terraform-provider-aws#39099, #48997)."""
    endpoint = hosting.live("blue")
    old = hosting.describe(endpoint)
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=hosting.config_for("green", exit=9, says=["broken"])
    )
    done = hosting.wait(endpoint, "InService")
    assert done["EndpointConfigName"] == old["EndpointConfigName"]
    assert done["ProductionVariants"] == old["ProductionVariants"]
    assert "did not pass the ping health check" in done["FailureReason"]
    assert "PendingDeploymentSummary" not in done
    assert hosting.builds(endpoint, 3) == {"blue"}
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=hosting.config_for("mended"))
    assert "FailureReason" not in hosting.wait(endpoint, "InService")
    assert hosting.builds(endpoint, 3) == {"mended"}


def test_a_canary_gets_its_share_and_then_everything(hosting: Any) -> None:
    """AWS developer guide: Use canary traffic shifting."""
    endpoint = hosting.live("blue")
    deployment = policy("CANARY", CanarySize=percent(50))
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=hosting.config_for("green"), DeploymentConfig=deployment
    )
    baking = hosting.wait_pending(endpoint, "Baking")
    (variant,) = baking["PendingDeploymentSummary"]["ProductionVariants"]
    assert variant["CurrentWeight"] == 0.5
    assert hosting.builds(endpoint, 30) == {"blue", "green"}
    done = hosting.wait(endpoint, "InService")
    assert done["LastDeploymentConfig"] == deployment
    assert hosting.builds(endpoint, 5) == {"green"}


def test_linear_steps_are_equal_and_each_is_baked(hosting: Any) -> None:
    """AWS developer guide: Use linear traffic shifting."""
    endpoint = hosting.live("blue")
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=hosting.config_for("green"),
        DeploymentConfig=policy("LINEAR", bake=25, LinearStepSize=percent(34)),
    )
    weights = []
    started = time.monotonic()
    while (description := hosting.describe(endpoint))["EndpointStatus"] == "Updating":
        (variant,) = description["PendingDeploymentSummary"]["ProductionVariants"]
        if variant["CurrentWeight"] not in weights:
            weights.append(variant["CurrentWeight"])
    assert weights == [0.0, 0.34, 0.68, 1.0]
    assert time.monotonic() - started >= 3 * 25 * 0.02


def test_an_alarm_during_baking_rolls_everything_back(hosting: Any, alarm: Any) -> None:
    """AWS developer guide: Auto-Rollback Configuration and Monitoring."""
    endpoint = hosting.live("blue")
    old = hosting.describe(endpoint)
    name = alarm("OK")
    deployment = {
        **policy("CANARY", bake=3000, CanarySize=percent(50)),
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
    }
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint, EndpointConfigName=hosting.config_for("green"), DeploymentConfig=deployment
    )
    hosting.wait_pending(endpoint, "Baking")
    alarm("ALARM")
    done = hosting.wait(endpoint, "InService", seconds=10)
    assert done["EndpointConfigName"] == old["EndpointConfigName"]
    assert name in done["FailureReason"]
    assert hosting.builds(endpoint, 20) == {"blue"}


def test_an_alarm_must_exist(hosting: Any) -> None:
    """AWS API reference: AutoRollbackConfig ("alarms in your account")."""
    endpoint = hosting.live("blue")
    with pytest.raises(ClientError, match="Could not find the CloudWatch alarms no-such-alarm"):
        hosting.sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=hosting.config_for("green"),
            DeploymentConfig={
                **policy("ALL_AT_ONCE"),
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "no-such-alarm"}]},
            },
        )
    assert hosting.describe(endpoint)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    ("deployment", "reason"),
    [
        (policy("CANARY", CanarySize=percent(60)), "CanarySize must be between 1 and 50 percent"),
        (policy("LINEAR", LinearStepSize=percent(5)), "LinearStepSize must be between 10 and 50 percent"),
        (policy("CANARY"), "CanarySize is required"),
        (policy("ALL_AT_ONCE", CanarySize=percent(10)), "CanarySize cannot be used"),
        (policy("SUDDEN"), "Member must satisfy enum value set"),
        (policy("ALL_AT_ONCE", bake=3601), "less than or equal to 3600"),
    ],
)
def test_a_policy_that_aws_refuses_is_refused(hosting: Any, deployment: dict[str, Any], reason: str) -> None:
    """AWS API reference: TrafficRoutingConfig; developer guide: canary and linear traffic shifting."""
    with pytest.raises(ClientError, match=reason):
        hosting.sagemaker.create_endpoint(
            EndpointName=hosting.name("endpoint"),
            EndpointConfigName=hosting.config_for("blue"),
            DeploymentConfig=deployment,
        )


def test_weights_split_the_traffic_and_can_be_moved(hosting: Any) -> None:
    """AWS API reference: UpdateEndpointWeightsAndCapacities; developer guide: Testing models with variants."""
    a, b = hosting.model("a"), hosting.model("b")
    endpoint = hosting.create(
        hosting.config(
            hosting.variant(a, VariantName="A", InitialVariantWeight=1.0),
            hosting.variant(b, VariantName="B", InitialVariantWeight=1.0),
        )
    )
    hosting.wait(endpoint, "InService")
    assert hosting.builds(endpoint, 30) == {"a", "b"}
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[
            {"VariantName": "A", "DesiredWeight": 0.0},
            {"VariantName": "B", "DesiredInstanceCount": 3},
        ],
    )
    variants = {v["VariantName"]: v for v in hosting.wait(endpoint, "InService")["ProductionVariants"]}
    assert (variants["A"]["CurrentWeight"], variants["B"]["CurrentInstanceCount"]) == (0.0, 3)
    assert hosting.builds(endpoint, 10) == {"b"}
    assert hosting.ask(endpoint, TargetVariant="A")["build"] == "a"
    with pytest.raises(ClientError, match="Could not find variant"):
        hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "C", "DesiredWeight": 1.0}]
        )


def test_variant_properties_are_retained_on_request(hosting: Any) -> None:
    """AWS API reference: UpdateEndpoint, RetainAllVariantProperties and ExcludeRetainedVariantProperties."""
    endpoint = hosting.live("blue")
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 4, "DesiredWeight": 2.0}],
    )
    hosting.wait(endpoint, "InService")
    hosting.sagemaker.update_endpoint(
        EndpointName=endpoint,
        EndpointConfigName=hosting.config_for("green"),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )
    (variant,) = hosting.wait(endpoint, "InService")["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (4, 1.0)


def test_requests_inside_the_old_fleet_are_answered_before_it_stops(hosting: Any) -> None:
    """AWS developer guide: Blue/Green Deployments (availability during the update)."""
    endpoint = hosting.live("blue", invocation_takes=0.9)
    answers: list[str] = []
    asking = threading.Thread(target=lambda: answers.append(hosting.ask(endpoint)["build"]))
    config = hosting.config_for("green")
    asking.start()
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    hosting.wait(endpoint, "InService")
    asking.join()
    assert answers == ["blue"]


def wait_gone(pid: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    raise AssertionError(f"process {pid} still runs")
