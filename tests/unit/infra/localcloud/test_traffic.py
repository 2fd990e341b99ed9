from typing import Any

import pytest

from infra.localcloud.errors import ValidationException
from infra.localcloud.sagemaker.traffic import plan_traffic


def routing(kind: str, wait: int = 60, **size: Any) -> dict[str, Any]:
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": wait, **size}}
    }


def instances(count: int) -> dict[str, Any]:
    return {"Type": "INSTANCE_COUNT", "Value": count}


def percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}


@pytest.mark.parametrize(
    ("deployment", "steps"),
    [
        ({}, (100.0,)),
        (routing("ALL_AT_ONCE"), (100.0,)),
        (routing("CANARY", CanarySize=percent(10)), (10.0, 100.0)),
        (routing("CANARY", CanarySize=instances(1)), (25.0, 100.0)),
        (routing("LINEAR", LinearStepSize=percent(50)), (50.0, 100.0)),
        (routing("LINEAR", LinearStepSize=percent(33)), (33.0, 66.0, 99.0, 100.0)),
        (routing("LINEAR", LinearStepSize=instances(3)), (75.0, 100.0)),
        ({"RollingUpdatePolicy": {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": 5}}, (50.0, 100.0)),
    ],
)
def test_the_steps_of_a_fleet_of_four(deployment: dict[str, Any], steps: tuple[float, ...]) -> None:
    assert plan_traffic(deployment, 4).steps == steps


def test_waits_and_alarms_are_read() -> None:
    deployment = routing("ALL_AT_ONCE", 30)
    deployment["BlueGreenUpdatePolicy"] |= {"TerminationWaitInSeconds": 10, "MaximumExecutionTimeoutInSeconds": 600}
    deployment["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}
    plan = plan_traffic(deployment, 1)
    assert (plan.bake_s, plan.termination_wait_s, plan.limit_s, plan.alarms) == (30, 10, 600, ("a", "b"))


@pytest.mark.parametrize(
    ("deployment", "reason"),
    [
        (routing("CANARY", CanarySize=instances(5)), "CanarySize is 5 instances, but the new fleet has 4"),
        (routing("CANARY", CanarySize=percent(51)), "between 1 and 50 percent"),
        (routing("LINEAR", LinearStepSize=percent(9)), "between 10 and 50 percent"),
        ({**routing("ALL_AT_ONCE"), "RollingUpdatePolicy": {}}, None),
    ],
)
def test_sizes_that_do_not_fit_are_refused(deployment: dict[str, Any], reason: str | None) -> None:
    if reason is None:
        deployment["RollingUpdatePolicy"] = {"MaximumBatchSize": percent(50), "WaitIntervalInSeconds": 0}
        reason = "Only one of"
    with pytest.raises(ValidationException, match=reason):
        plan_traffic(deployment, 4)


def test_the_time_limit_must_exceed_the_waits() -> None:
    deployment = routing("CANARY", 400, CanarySize=percent(10))
    deployment["BlueGreenUpdatePolicy"]["MaximumExecutionTimeoutInSeconds"] = 600
    with pytest.raises(ValidationException, match=r"must be larger than the total waiting time \(800 seconds\)"):
        plan_traffic(deployment, 1)
