"""What is watched of an endpoint: a dashboard, alarms that tell people, and how long its log is kept.

These alarms take nothing back: those that SageMaker rolls a release back by are the release's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Aws, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from infra.release.names import VARIANT
from infra.stacks import names

if TYPE_CHECKING:
    from infra.config import Config

_MINUTE, _FIVE = Duration.minutes(1), Duration.minutes(5)
_REQUESTS, _INSTANCES = "AWS/SageMaker", "/aws/sagemaker/Endpoints"
"""Namespaces: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html."""


def watching(stack: Stack, config: Config, environment: str) -> None:
    """The endpoint need not exist: alarms without data are silent, and SageMaker writes into the log group it finds."""
    endpoint, settings = names.endpoint(config, environment), config.environment(environment).watching
    topic = sns.Topic(stack, "Alarms", topic_name=f"{endpoint}-alarms", enforce_ssl=True)
    # A policy of its own takes the place of the one by which alarms of the account may publish.
    topic.add_to_resource_policy(
        iam.PolicyStatement(
            actions=["sns:Publish"],
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
        )
    )
    for address in settings.emails:
        topic.add_subscription(subscriptions.EmailSubscription(address))
    Validations.of(topic).acknowledge(
        Acknowledgment(
            id="AwsSolutions::AwsSolutions-SNS2",
            reason="CloudWatch cannot publish to a topic with SNS's own key, and alarms say nothing secret.",
        )
    )
    errors = _metric(endpoint, "Invocation5XXErrors", "Sum", _FIVE)
    slow = _metric(endpoint, "ModelLatency", "p99", _FIVE)
    _alarm(stack, topic, endpoint, "errors", errors, settings.server_errors, "requests that failed in five minutes")
    _alarm(
        stack,
        topic,
        endpoint,
        "latency",
        slow,
        settings.latency_ms * 1000,
        "microseconds for one request of 100",
    )
    logs.CfnLogGroup(
        stack,
        "Log",
        log_group_name=f"/aws/sagemaker/Endpoints/{endpoint}",
        retention_in_days=settings.log_days,
    ).apply_removal_policy(RemovalPolicy.RETAIN)
    _dashboard(stack, endpoint)


def _metric(endpoint: str, name: str, statistic: str, period: Duration) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=_INSTANCES if name.endswith("Utilization") else _REQUESTS,
        metric_name=name,
        dimensions_map={"EndpointName": endpoint, "VariantName": VARIANT},
        statistic=statistic,
        period=period,
    )


def _alarm(
    stack: Stack, topic: sns.Topic, endpoint: str, what: str, metric: cloudwatch.Metric, limit: float, unit: str
) -> None:
    alarm = metric.create_alarm(
        stack,
        what.title(),
        alarm_name=f"{endpoint}-{what}",
        alarm_description=f"{endpoint}: {limit:,} or more {unit}; `dagger call doctor` says what is wrong.",
        threshold=limit,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    alarm.add_alarm_action(actions.SnsAction(topic))
    alarm.add_ok_action(actions.SnsAction(topic))


def _dashboard(stack: Stack, endpoint: str) -> None:
    def graph(title: str, *metrics: tuple[str, str]) -> cloudwatch.GraphWidget:
        drawn = [_metric(endpoint, name, statistic, _MINUTE) for name, statistic in metrics]
        return cloudwatch.GraphWidget(title=title, left=drawn, width=12, height=6)

    cloudwatch.Dashboard(
        stack,
        "Dashboard",
        # Dashboards are of the whole account, whatever region they are made in.
        dashboard_name=f"{endpoint}-{stack.region}",
        widgets=[
            [
                graph("Requests a minute", ("Invocations", "Sum"), ("InvocationsPerInstance", "Sum")),
                graph("Failures a minute", ("Invocation4XXErrors", "Sum"), ("Invocation5XXErrors", "Sum")),
            ],
            [
                graph(
                    "Latency, microseconds",
                    ("ModelLatency", "p50"),
                    ("ModelLatency", "p99"),
                    ("OverheadLatency", "p99"),
                ),
                graph(
                    "Utilization, percent",
                    ("CPUUtilization", "Average"),
                    ("MemoryUtilization", "Average"),
                    ("GPUUtilization", "Average"),
                    ("DiskUtilization", "Average"),
                ),
            ],
        ],
    )
