"""How traffic moves from the old fleet to the new one: the plan behind a DeploymentConfig."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from infra.localcloud.errors import ValidationException

# https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html, …-linear.html,
# https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling.html
_LIMITS = {"CanarySize": (1, 50), "LinearStepSize": (10, 50), "MaximumBatchSize": (5, 50)}


@dataclass(frozen=True)
class TrafficPlan:
    """``steps`` are the new fleet's shares in percent, each followed by a baking period of ``bake_s`` seconds.

    After the last one the old fleet is kept for ``termination_wait_s`` seconds. The whole has ``limit_s`` seconds.
    """

    steps: tuple[float, ...]
    bake_s: float
    termination_wait_s: float
    limit_s: float | None
    alarms: tuple[str, ...]


def plan_traffic(deployment: dict[str, Any], instances: int) -> TrafficPlan:
    """Read a DeploymentConfig for a new fleet of ``instances``; raises ValidationException for what AWS refuses."""
    blue_green = deployment.get("BlueGreenUpdatePolicy")
    rolling = deployment.get("RollingUpdatePolicy")
    if blue_green and rolling:
        raise ValidationException("Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be used.")
    alarms = tuple(alarm["AlarmName"] for alarm in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", []))
    if rolling:
        size = _percent("MaximumBatchSize", rolling["MaximumBatchSize"], instances)
        return TrafficPlan(
            _linear(size), rolling["WaitIntervalInSeconds"], 0, rolling.get("MaximumExecutionTimeoutInSeconds"), alarms
        )
    if not blue_green:
        return TrafficPlan((100.0,), 0, 0, None, alarms)
    routing = blue_green["TrafficRoutingConfiguration"]
    plan = TrafficPlan(
        _steps(routing, instances),
        routing["WaitIntervalInSeconds"],
        blue_green.get("TerminationWaitInSeconds", 0),
        blue_green.get("MaximumExecutionTimeoutInSeconds"),
        alarms,
    )
    waits = plan.bake_s * len(plan.steps) + plan.termination_wait_s
    if plan.limit_s is not None and waits >= plan.limit_s:
        raise ValidationException(
            f"MaximumExecutionTimeoutInSeconds ({plan.limit_s}) must be larger than the total waiting time "
            f"({waits} seconds) of WaitIntervalInSeconds and TerminationWaitInSeconds."
        )
    return plan


def _steps(routing: dict[str, Any], instances: int) -> tuple[float, ...]:
    kind = routing["Type"]
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    for other in {"CanarySize", "LinearStepSize"} - {member}:
        if other in routing:
            raise ValidationException(f"{other} cannot be used with traffic routing of type {kind}.")
    if member is None:
        return (100.0,)
    if member not in routing:
        raise ValidationException(f"{member} is required for traffic routing of type {kind}.")
    size = _percent(member, routing[member], instances)
    return (size, 100.0) if kind == "CANARY" else _linear(size)


def _linear(size: float) -> tuple[float, ...]:
    return tuple(min(size * number, 100.0) for number in range(1, math.ceil(100 / size) + 1))


def _percent(member: str, size: dict[str, Any], instances: int) -> float:
    low, high = _LIMITS[member]
    if size["Type"] == "CAPACITY_PERCENT":
        percent = float(size["Value"])
        if not low <= percent <= high:
            raise ValidationException(f"{member} must be between {low} and {high} percent of the fleet's capacity.")
        return percent
    if size["Value"] > instances:
        raise ValidationException(f"{member} is {size['Value']} instances, but the new fleet has {instances}.")
    return 100.0 * float(size["Value"]) / instances
