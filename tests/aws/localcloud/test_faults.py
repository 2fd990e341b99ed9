"""Faults on request: what they hit, what they spare, and what cannot be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError


@pytest.fixture
def faults(local_cloud: Any) -> Iterator[str]:
    """The control route."""
    url = f"{local_cloud.url}/_slipway/faults"
    yield url
    urllib3.request("DELETE", url)


def ask(url: str, **fault: Any) -> None:
    answer = urllib3.request("POST", url, json=fault)
    assert answer.status == 200, answer.data


def model_is_missing(sagemaker: Any) -> bool:
    """Whether a call is answered as without any fault; the code of the fault otherwise."""
    try:
        sagemaker.describe_model(ModelName="nobody")
    except ClientError as error:
        return "Could not find model" in str(error)
    raise AssertionError("there is no such model")


def test_of_the_calls_that_fit_so_many_are_hit(local_cloud: Any, faults: str) -> None:
    ask(faults, operation="DescribeModel", effect="error", code="ThrottlingException", after=1, every=2, times=2)
    sagemaker = local_cloud.client("sagemaker")
    assert sagemaker.list_models(NameContains="nobody")["Models"] == []
    assert [model_is_missing(sagemaker) for _ in range(7)] == [True, False, True, False, True, True, True]
    told = urllib3.request("GET", faults).json()
    assert [(fault["operation"], fault["met"]) for fault in told["faults"]] == [("DescribeModel", 2)]
    urllib3.request("DELETE", faults)
    assert urllib3.request("GET", faults).json() == {"faults": [], "held": []}


@pytest.mark.parametrize("service", ["sagemaker", "iam", "ecr", "cloudwatch", "s3"])
def test_an_error_is_boto3s_own_in_every_protocol(local_cloud: Any, faults: str, service: str) -> None:
    ask(faults, effect="error", code="SlowDown", status=503)
    client = local_cloud.client(service)
    call = {
        "sagemaker": "list_models",
        "iam": "list_roles",
        "ecr": "describe_repositories",
        "cloudwatch": "describe_alarms",
        "s3": "list_buckets",
    }[service]
    with pytest.raises(ClientError) as refused:
        getattr(client, call)()
    assert refused.value.response["Error"]["Code"] == "SlowDown"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


def test_a_call_that_is_cut_can_have_taken_effect(local_cloud: Any, faults: str) -> None:
    iam, trust = local_cloud.client("iam"), '{"Version": "2012-10-17", "Statement": []}'
    for done, name in ((False, "unheard"), (True, "done")):
        ask(faults, operation="CreateRole", effect="cut", done=done)
        with pytest.raises(ConnectionClosedError):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        urllib3.request("DELETE", faults)
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="unheard")
    assert iam.get_role(RoleName="done")["Role"]["RoleName"] == "done"


def test_who_calls_and_from_where_can_be_told_apart(local_cloud: Any, faults: str) -> None:
    ask(faults, effect="error", caller="thief")
    ask(faults, effect="error", region="us-east-1")

    def client(key: str, region: str) -> Any:
        return boto3.client(
            "sagemaker",
            endpoint_url=local_cloud.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    assert model_is_missing(client("test", "eu-west-1"))
    assert not model_is_missing(client("thief", "eu-west-1"))
    assert not model_is_missing(client("test", "us-east-1"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "Expecting property name"),
        (b"[]", "valid dictionary"),
        (b'{"effect": "explode"}', "'error', 'cut', 'slow', 'hold' or 'allow'"),
        (b'{"endpoint": "e", "effect": "cut"}', "'failed', 'silent' or 'stuck'"),
        (b'{"effect": "error", "status": 200}', "greater than or equal to 400"),
        (b'{"effect": "cut", "tmies": 2}', "tmies"),
    ],
)
def test_what_is_no_fault_is_refused_with_its_reason(faults: str, body: bytes, says: str) -> None:
    refused = urllib3.request("POST", faults, body=body)
    assert refused.status == 400
    assert says in refused.json()["message"]
    assert urllib3.request("PUT", faults).status == 405
