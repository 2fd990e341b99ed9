"""InvokeEndpoint: bytes in, bytes out, and boto3's own errors."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError


def test_headers_travel_both_ways(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint, request and response syntax."""
    name = hosting.live("a", container={"Environment": {"FROM_MODEL": "set"}})
    answer = hosting.runtime.invoke_endpoint(
        EndpointName=name,
        Body=b"\x00\xff",
        ContentType="image/jpeg",
        Accept="application/json",
        CustomAttributes="trace=1",
        InferenceId="id-1",
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert answer["ContentType"] == "application/json"
    assert answer["CustomAttributes"] == "seen trace=1"
    told = hosting.ask(name, b"\x00\xff", ContentType="image/jpeg", Accept="application/json", InferenceId="id-1")
    assert told["bytes"] == 2
    assert told["headers"]["content-type"] == "image/jpeg"
    assert told["headers"]["accept"] == "application/json"
    assert told["headers"]["x-amzn-sagemaker-inference-id"] == "id-1"
    assert told["environment"] == {"FROM_IMAGE": "yes", "FROM_MODEL": "set"}
    assert "authorization" not in told["headers"]


def test_any_bytes_come_back_as_they_are(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint, Body."""
    answer = hosting.runtime.invoke_endpoint(EndpointName=hosting.live("a"), Body=b"echo")
    assert answer["ContentType"] == "image/x-all-bytes"
    assert answer["Body"].read() == bytes(range(256))


def test_an_error_is_the_same_whatever_the_body_says_that_it_is(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint, ContentType; programs such as curl say that a body is a form."""
    with pytest.raises(hosting.runtime.exceptions.ModelError) as failed:
        form = "application/x-www-form-urlencoded"
        hosting.runtime.invoke_endpoint(EndpointName=hosting.live("a"), Body=b"fail 415", ContentType=form)
    assert failed.value.response["OriginalStatusCode"] == 415


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (418, "client"), (500, "server"), (503, "server")])
def test_an_error_of_the_model_is_a_model_error(hosting: Any, status: int, kind: str) -> None:
    """AWS API reference: InvokeEndpoint, ModelError (OriginalStatusCode, OriginalMessage)."""
    name = hosting.live("a")
    with pytest.raises(hosting.runtime.exceptions.ModelError) as failed:
        hosting.runtime.invoke_endpoint(EndpointName=name, Body=f"fail {status}".encode())
    response = failed.value.response
    assert response["OriginalStatusCode"] == status
    assert response["OriginalMessage"] == "a reason from the model"
    assert response["Error"]["Message"].startswith(
        f'Received {kind} error ({status}) from primary with message "a reason from the model"'
    )
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert hosting.ask(name)["build"] == "a"


def test_an_unknown_endpoint_is_a_validation_error(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint, ValidationError."""
    with pytest.raises(ClientError, match="Endpoint nobody of account 123456789012 not found") as refused:
        hosting.ask("nobody")
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_an_endpoint_that_is_not_in_service_is_a_validation_error(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint; DescribeEndpoint, EndpointStatus."""
    name = hosting.create(hosting.config_for("slow", warm_after=1))
    with pytest.raises(ClientError, match="is not in service: its status is Creating"):
        hosting.ask(name)
    hosting.wait(name, "InService")


def test_an_unknown_variant_is_a_validation_error(hosting: Any) -> None:
    """AWS API reference: InvokeEndpoint, TargetVariant."""
    name = hosting.live("a")
    with pytest.raises(ClientError, match=f"Variant B does not exist for Endpoint {name}"):
        hosting.ask(name, TargetVariant="B")
    assert hosting.ask(name, TargetVariant="AllTraffic")["build"] == "a"


def test_the_payload_has_a_limit(hosting: Any) -> None:
    """AWS general reference: Amazon SageMaker AI endpoints and quotas, maximum payload size for endpoint invocation."""
    name = hosting.live("a")
    limit = 6 * 1024 * 1024
    assert hosting.ask(name, b"x" * limit)["bytes"] == limit
    with pytest.raises(ClientError, match=f"HTTP content length exceeded {limit} bytes") as refused:
        hosting.ask(name, b"x" * (limit + 1))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_an_invocation_ends_after_sixty_seconds(hosting: Any) -> None:
    """AWS developer guide: Use Your Own Inference Code; a container must answer within 60 seconds."""
    name = hosting.live("a", invocation_takes=3)
    started = time.monotonic()
    with pytest.raises(hosting.runtime.exceptions.ModelError, match="Your invocation timed out") as failed:
        hosting.ask(name)
    assert 60 * 0.02 <= time.monotonic() - started < 2.9
    assert failed.value.response["OriginalStatusCode"] == 0


def test_a_container_that_dies_during_a_request_is_a_model_error_and_is_replaced(hosting: Any) -> None:
    """AWS developer guide: SageMaker replaces an unhealthy instance."""
    name = hosting.live("a")
    first = hosting.ask(name)["pid"]
    with pytest.raises(hosting.runtime.exceptions.ModelError, match="could not load the entire response body"):
        hosting.ask(name, b"die")
    assert hosting.ask(name)["pid"] != first


def test_a_container_that_was_killed_is_replaced_by_the_next_request(hosting: Any) -> None:
    """AWS developer guide: SageMaker replaces an unhealthy instance."""
    name = hosting.live("a")
    first = hosting.ask(name)["pid"]
    os.kill(first, signal.SIGKILL)
    for _ in range(2):  # a connection that was kept open may break once
        try:
            assert hosting.ask(name)["pid"] != first
        except hosting.runtime.exceptions.ModelError:
            continue
        return
    raise AssertionError("the container was not replaced")


@pytest.mark.parametrize(
    ("parameters", "what"),
    [
        ({"TargetModel": "m.tar.gz"}, "multi-model endpoints"),
        ({"InferenceComponentName": "c"}, "inference components"),
        ({"SessionId": "NEW_SESSION"}, "stateful sessions"),
    ],
)
def test_what_is_not_here_is_refused(hosting: Any, parameters: dict[str, str], what: str) -> None:
    """AWS API reference: InvokeEndpoint."""
    with pytest.raises(ClientError, match=f"The local cloud does not have {what}"):
        hosting.ask("any", **parameters)


def test_an_answer_is_handed_on_while_it_is_written(hosting: Any) -> None:
    """AWS API reference: InvokeEndpointWithResponseStream, PayloadPart."""
    name = hosting.live("a")
    answer = hosting.runtime.invoke_endpoint_with_response_stream(
        EndpointName=name, Body=b"stream one two three", Accept="application/jsonlines"
    )
    assert answer["ContentType"] == "application/jsonlines"
    assert answer["CustomAttributes"] == "accept=application/jsonlines"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    came = [(time.monotonic(), event["PayloadPart"]["Bytes"]) for event in answer["Body"]]
    assert b"".join(part for _, part in came) == b"one\ntwo\nthree\n"
    assert came[-1][0] - came[0][0] > 0.3


def test_an_answer_that_breaks_off_is_a_model_stream_error(hosting: Any) -> None:
    """AWS API reference: InvokeEndpointWithResponseStream, ModelStreamError (StreamBroken)."""
    name = hosting.live("a")
    answer = hosting.runtime.invoke_endpoint_with_response_stream(EndpointName=name, Body=b"stream one break")
    stream = iter(answer["Body"])
    assert next(stream)["PayloadPart"]["Bytes"] == b"one\n"
    with pytest.raises(EventStreamError, match="ModelStreamError"):
        next(stream)
    assert hosting.ask(name)["build"] == "a"


def test_an_error_before_the_stream_is_a_model_error(hosting: Any) -> None:
    """AWS API reference: InvokeEndpointWithResponseStream, ModelError."""
    with pytest.raises(hosting.runtime.exceptions.ModelError) as failed:
        hosting.runtime.invoke_endpoint_with_response_stream(EndpointName=hosting.live("a"), Body=b"fail 415")
    assert failed.value.response["OriginalStatusCode"] == 415
