"""Alarms on the new fleet: put before the rollout, so that SageMaker can take a bad release back.

Source: SageMaker developer guide, "Auto-Rollback Configuration and Monitoring": the dimension EndpointConfigName picks
the new fleet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.release.generations import place_tags
from infra.release.names import VARIANT

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

    from infra.release.names import Place, Release
    from infra.settings import Alarm, Environment

_UTILIZATION = frozenset({"CPUUtilization", "GPUUtilization", "MemoryUtilization"})


def put_alarms(cloudwatch: CloudWatchClient, release: Release, environment: Environment) -> tuple[str, ...]:
    """Create or renew the alarms of a release; their names."""
    for alarm in environment.alarms:
        _put(cloudwatch, release, alarm)
    return tuple(release.alarm(alarm.metric) for alarm in environment.alarms)


def our_alarms(cloudwatch: CloudWatchClient, place: Place) -> list[str]:
    """Names of all alarms of an environment."""
    pages = cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=place.alarm_prefix)
    return [alarm["AlarmName"] for page in pages for alarm in page["MetricAlarms"]]


def delete_alarms(cloudwatch: CloudWatchClient, names: list[str]) -> None:
    """Delete alarms by name; DeleteAlarms takes 100 a call."""
    for first in range(0, len(names), 100):
        cloudwatch.delete_alarms(AlarmNames=names[first : first + 100])


def _put(cloudwatch: CloudWatchClient, release: Release, alarm: Alarm) -> None:
    statistic = alarm.statistic or ("Average" if alarm.metric.endswith(("Latency", "Utilization")) else "Sum")
    how = {"ExtendedStatistic": statistic} if statistic.startswith("p") else {"Statistic": statistic}
    cloudwatch.put_metric_alarm(
        AlarmName=release.alarm(alarm.metric),
        AlarmDescription=f"Release {release.name}: {alarm.metric} {statistic} above {alarm.threshold:g} takes it back.",
        # Utilization is reported by instances, in another namespace than invocations.
        Namespace="/aws/sagemaker/Endpoints" if alarm.metric in _UTILIZATION else "AWS/SageMaker",
        MetricName=alarm.metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": release.place.endpoint},
            {"Name": "VariantName", "Value": VARIANT},
            {"Name": "EndpointConfigName", "Value": release.name},
        ],
        ComparisonOperator="GreaterThanThreshold",
        Threshold=alarm.threshold,
        Period=alarm.period_seconds,
        EvaluationPeriods=alarm.evaluation_periods,
        # No requests are no errors.
        TreatMissingData="notBreaching",
        Tags=place_tags(release.place),
        **how,  # type: ignore[arg-type]
    )
