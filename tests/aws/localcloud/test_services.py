"""The services beside hosting, and those that are not here."""

from __future__ import annotations

from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError


def test_the_caller_has_the_account(local_cloud: Any) -> None:
    """AWS API reference (STS): GetCallerIdentity."""
    identity = local_cloud.client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"].startswith("arn:aws:")


def test_an_unknown_role_has_iams_error(local_cloud: Any) -> None:
    """AWS API reference (IAM): GetRole, NoSuchEntity."""
    iam = local_cloud.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="nobody")


def test_an_alarm_is_set_described_and_deleted(local_cloud: Any) -> None:
    """AWS API reference (CloudWatch): PutMetricAlarm, SetAlarmState, DescribeAlarmHistory, DeleteAlarms."""
    cloudwatch = local_cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="fivexx",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": "e"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName="fivexx", StateValue="OK", StateReason="quiet")
    cloudwatch.set_alarm_state(AlarmName="fivexx", StateValue="ALARM", StateReason="the test")
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=["fivexx"])["MetricAlarms"]
    assert (alarm["StateValue"], alarm["StateReason"]) == ("ALARM", "the test")
    cloudwatch.delete_alarms(AlarmNames=["fivexx"])
    assert cloudwatch.describe_alarms(AlarmNames=["fivexx"])["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("service", "call", "parameters"),
    [
        ("kms", "list_keys", {}),
        ("apigateway", "get_rest_apis", {}),
        ("sqs", "list_queues", {}),
        ("dynamodb", "list_tables", {}),
        ("logs", "describe_queries", {}),
        ("cloudformation", "list_stacks", {}),
        ("ec2", "describe_instances", {}),
        ("sagemaker", "list_training_jobs", {}),
        ("sagemaker", "create_inference_component", {"InferenceComponentName": "a", "EndpointName": "e"}),
        ("cloudwatch", "describe_insight_rules", {}),
        ("ssm", "describe_parameters", {}),
    ],
)
def test_a_service_or_operation_that_is_not_here_says_so(
    local_cloud: Any, service: str, call: str, parameters: dict[str, Any]
) -> None:
    """Nothing is pretended: the call fails, and its message says what to do."""
    client = local_cloud.client(service)
    with pytest.raises(ClientError, match="The local cloud does not have") as refused:
        getattr(client, call)(**parameters)
    assert refused.value.response["Error"]["Code"] == "NotSupportedByLocalCloud"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_unsigned_request_is_refused(local_cloud: Any) -> None:
    answer = urllib3.request("POST", f"{local_cloud.url}/", body=b"{}")
    assert answer.status == 400
    assert "unsigned requests" in answer.json()["message"]


def test_a_body_that_is_not_json_is_refused(local_cloud: Any) -> None:
    """AWS API reference: Common errors, SerializationException."""
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20261121/eu-west-1/sagemaker/aws4_request, Signature=b",
        "X-Amz-Target": "SageMaker.CreateModel",
        "Content-Type": "application/x-amz-json-1.1",
    }
    for body, error in (
        (b"{", "SerializationException"),
        (b"[]", "ValidationException"),
        (b"{}", "ValidationException"),
    ):
        answer = urllib3.request("POST", f"{local_cloud.url}/", body=body, headers=headers)
        assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, error)


def test_the_limits_are_told_in_sentences(local_cloud: Any) -> None:
    limits = urllib3.request("GET", f"{local_cloud.url}/_slipway/limits").json()["limits"]
    assert len(limits) > 10
    assert all(limit[0].isupper() and limit.endswith(".") for limit in limits)
