"""How many instances serve: Application Auto Scaling follows the requests that each instance gets.

Source: SageMaker developer guide, "Automatic scaling of SageMaker AI models".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Fn, Stack
from aws_cdk import aws_applicationautoscaling as autoscaling

from infra.stacks import names

if TYPE_CHECKING:
    from infra.config import Config

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_SERVICE_ROLE = (
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/"
    "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
)


def scaling(stack: Stack, config: Config, environment: str) -> None:
    """Target tracking and schedules; AWS takes them only once the endpoint exists.

    Two things keep it from taking away what is needed: `min_instances`, and a cooldown after each step down that is
    longer than the one after a step up.
    """
    settings = config.environment(environment).scaling
    if settings is None:
        return
    target = autoscaling.CfnScalableTarget(
        stack,
        "Instances",
        service_namespace="sagemaker",
        resource_id=names.scaled(config, environment),
        scalable_dimension=_DIMENSION,
        role_arn=Fn.sub(_SERVICE_ROLE),
        min_capacity=settings.min_instances or config.environment(environment).instance_count,
        max_capacity=settings.max_instances,
        scheduled_actions=[
            autoscaling.CfnScalableTarget.ScheduledActionProperty(
                scheduled_action_name=f"{names.endpoint(config, environment)}-{number}",
                schedule=f"cron({one.cron})",
                timezone=one.timezone,
                scalable_target_action=autoscaling.CfnScalableTarget.ScalableTargetActionProperty(
                    min_capacity=one.min_instances, max_capacity=one.max_instances
                ),
            )
            for number, one in enumerate(settings.schedule, 1)
        ],
    )
    autoscaling.CfnScalingPolicy(
        stack,
        "Requests",
        policy_name=f"{names.endpoint(config, environment)}-requests",
        policy_type="TargetTrackingScaling",
        scaling_target_id=target.ref,
        target_tracking_scaling_policy_configuration=(
            autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
                target_value=settings.invocations_per_minute,
                predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                    predefined_metric_type="SageMakerVariantInvocationsPerInstance"
                ),
                scale_out_cooldown=settings.scale_out_seconds,
                scale_in_cooldown=settings.scale_in_seconds,
            )
        ),
    )
