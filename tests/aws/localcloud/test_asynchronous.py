"""InvokeEndpointAsync: a queue, answers and failures in S3, notifications by SNS."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.processes import wait_until


class Store:
    """A bucket of the test's own, and an asynchronous endpoint that writes into it."""

    def __init__(self, hosting: Any) -> None:
        self.hosting = hosting
        self.s3 = hosting.cloud.client("s3")
        self.bucket = hosting.name("bucket")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def config(self, model: str, *, client: dict[str, Any] | None = None, **output: Any) -> str:
        name = str(self.hosting.name("config"))
        places = {"S3OutputPath": f"s3://{self.bucket}/out", "S3FailurePath": f"s3://{self.bucket}/failed"}
        self.hosting.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[self.hosting.variant(model)],
            AsyncInferenceConfig={
                "OutputConfig": {**places, **output},
                **({"ClientConfig": client} if client else {}),
            },
        )
        return name

    def live(
        self, *, client: dict[str, Any] | None = None, output: dict[str, Any] | None = None, **behaviour: Any
    ) -> str:
        made = self.config(self.hosting.model("a", **behaviour), client=client, **(output or {}))
        endpoint = str(self.hosting.create(made))
        self.hosting.wait(endpoint, "InService")
        return endpoint

    def put(self, key: str, body: bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def ask(self, endpoint: str, location: str, **more: Any) -> dict[str, Any]:
        told: dict[str, Any] = self.hosting.runtime.invoke_endpoint_async(
            EndpointName=endpoint, InputLocation=location, **more
        )
        return told

    def read(self, location: str) -> Any:
        """What is at a location, None while nothing is."""
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=location.removeprefix(f"s3://{self.bucket}/"))
        except self.s3.exceptions.NoSuchKey:
            return None

    def wait(self, location: str) -> Any:
        return wait_until(lambda: self.read(location), location)


@pytest.fixture
def store(hosting: Any) -> Store:
    return Store(hosting)


@pytest.fixture
def heard() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a subscriber, and the messages that it was sent."""
    messages: list[dict[str, Any]] = []

    class Subscriber(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if told["Type"] == "Notification":
                messages.append(json.loads(told["Message"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            del args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Subscriber)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", messages
    server.shutdown()


def test_an_answer_is_written_to_s3(store: Store) -> None:
    """AWS API reference: InvokeEndpointAsync, response (202, InferenceId, OutputLocation, FailureLocation)."""
    endpoint = store.live()
    told = store.ask(
        endpoint, store.put("in/picture.jpg", b"\x00\xff"), ContentType="image/jpeg", InferenceId="mine", Accept="a/b"
    )
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert told["InferenceId"] == "mine"
    assert told["OutputLocation"].startswith(f"s3://{store.bucket}/out/")
    assert told["FailureLocation"].startswith(f"s3://{store.bucket}/failed/")
    written = store.wait(told["OutputLocation"])
    answer = json.loads(written["Body"].read())
    assert written["ContentType"] == "application/json"
    assert (answer["build"], answer["bytes"]) == ("a", 2)
    assert (answer["headers"]["content-type"], answer["headers"]["accept"]) == ("image/jpeg", "a/b")
    assert store.read(told["FailureLocation"]) is None


def test_the_name_of_the_output_can_be_chosen_and_the_input_sent_along(store: Store) -> None:
    """AWS API reference: InvokeEndpointAsync, Filename, S3OutputPathExtension and Body."""
    endpoint = store.live()
    told = store.hosting.runtime.invoke_endpoint_async(
        EndpointName=endpoint, Body=b"abc", Filename="one.json", S3OutputPathExtension="mine/"
    )
    assert told["OutputLocation"] == f"s3://{store.bucket}/out/mine/one.json"
    assert json.loads(store.wait(told["OutputLocation"])["Body"].read())["bytes"] == 3


def test_the_endpoint_tells_what_it_is_and_does_not_answer_at_once(store: Store) -> None:
    """AWS API reference: DescribeEndpoint, AsyncInferenceConfig; InvokeEndpoint."""
    endpoint = store.live()
    described = store.hosting.describe(endpoint)["AsyncInferenceConfig"]
    assert described["OutputConfig"]["S3OutputPath"] == f"s3://{store.bucket}/out"
    with pytest.raises(ClientError, match="is asynchronous: use InvokeEndpointAsync"):
        store.hosting.ask(endpoint)
    with pytest.raises(ClientError, match="is not asynchronous: use InvokeEndpoint"):
        store.ask(store.hosting.live("b"), "s3://any/thing")


def test_topics_are_told_of_answers_and_failures(store: Store, heard: tuple[str, list[dict[str, Any]]]) -> None:
    """AWS developer guide: Asynchronous inference, Check prediction results (the messages' fields)."""
    address, messages = heard
    sns = store.hosting.cloud.client("sns")
    topics = [sns.create_topic(Name=store.hosting.name(name))["TopicArn"] for name in ("good", "bad")]
    for topic in topics:
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=address)
    notification = {"SuccessTopic": topics[0], "ErrorTopic": topics[1]}
    endpoint = store.live(output={"NotificationConfig": notification})
    good = store.ask(endpoint, place := store.put("in/good", b"picture"), ContentType="image/jpeg")
    wait_until(lambda: messages, "the notification")
    (message,) = messages
    assert (message["invocationStatus"], message["inferenceId"]) == ("Completed", good["InferenceId"])
    assert message["requestParameters"] == {
        "contentType": "image/jpeg",
        "endpointName": endpoint,
        "inputLocation": place,
    }
    assert message["responseParameters"]["outputLocation"] == good["OutputLocation"]
    assert (message["eventSource"], message["eventName"], message["eventVersion"]) == (
        "aws:sagemaker",
        "InferenceResult",
        "1.0",
    )
    bad = store.ask(endpoint, store.put("in/bad", b"fail 500"))
    wait_until(lambda: len(messages) == 2, "the notification of the failure")
    assert (messages[1]["invocationStatus"], messages[1]["inferenceId"]) == ("Failed", bad["InferenceId"])
    assert 'Received server error (500) from primary with message "a reason' in messages[1]["failureReason"]


def test_a_failure_of_the_model_is_written_to_the_failure_path(store: Store) -> None:
    """AWS API reference: AsyncInferenceOutputConfig, S3FailurePath."""
    told = store.ask(store.live(), store.put("in/bad", b"fail 400"))
    assert store.wait(told["FailureLocation"])["Body"].read() == b"a reason from the model"
    assert store.read(told["OutputLocation"]) is None


def test_an_input_that_is_not_there_is_a_failure(store: Store) -> None:
    """AWS API reference: InvokeEndpointAsync, InputLocation."""
    told = store.ask(store.live(), f"s3://{store.bucket}/in/nothing")
    assert b"There is no object" in store.wait(told["FailureLocation"])["Body"].read()


def test_the_processing_has_a_time_limit(store: Store) -> None:
    """AWS API reference: InvokeEndpointAsync, InvocationTimeoutSeconds (here a second is a fiftieth)."""
    endpoint = store.live(invocation_takes=1)
    late = store.ask(endpoint, store.put("in/a", b"a"), InvocationTimeoutSeconds=10)
    assert b"Your invocation timed out" in store.wait(late["FailureLocation"])["Body"].read()
    timely = store.ask(endpoint, store.put("in/b", b"b"), InvocationTimeoutSeconds=900)
    assert store.wait(timely["OutputLocation"])


def test_requests_wait_for_their_turn_and_expire(store: Store) -> None:
    """AWS API reference: AsyncInferenceClientConfig, MaxConcurrentInvocationsPerInstance; RequestTTLSeconds."""
    endpoint = store.live(client={"MaxConcurrentInvocationsPerInstance": 1}, invocation_takes=1.5)
    first = store.ask(endpoint, store.put("in/first", b"first"))
    patient = store.ask(endpoint, store.put("in/patient", b"patient"))
    hasty = store.ask(endpoint, store.put("in/hasty", b"hasty"), RequestTTLSeconds=60)
    assert store.wait(first["OutputLocation"])
    assert store.read(patient["OutputLocation"]) is None, "one at a time"
    assert b"RequestTTLSeconds" in store.wait(hasty["FailureLocation"])["Body"].read()
    assert store.read(patient["OutputLocation"])


def test_wrong_requests_are_refused(store: Store) -> None:
    """AWS API reference: InvokeEndpointAsync, request parameters."""
    runtime = store.hosting.cloud.client("sagemaker-runtime", parameter_validation=False)
    endpoint, place = store.live(), {"InputLocation": "s3://a/b"}
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "exactly one of Body and InputLocation"),
        ({**place, "Body": b"c"}, "exactly one of Body and InputLocation"),
        ({"InputLocation": "ftp://a/b"}, "is not a location in S3"),
        ({**place, "RequestTTLSeconds": 30}, "must be between 60 and 21600"),
        ({**place, "InvocationTimeoutSeconds": 3601}, "must be between 1 and 3600"),
        ({"Body": b"x" * 128_001}, "more than 128000 bytes"),
    ]
    for parameters, reason in wrong:
        with pytest.raises(ClientError, match=reason):
            runtime.invoke_endpoint_async(EndpointName=endpoint, **parameters)


def test_what_is_not_offered_is_refused(store: Store) -> None:
    """AWS developer guide: Serverless Inference, feature exclusions; API reference: AsyncInferenceOutputConfig."""
    model = store.hosting.model("a")
    with pytest.raises(ClientError, match="do not support asynchronous inference"):
        store.hosting.sagemaker.create_endpoint_config(
            EndpointConfigName=store.hosting.name("config"),
            ProductionVariants=[
                {
                    "VariantName": "A",
                    "ModelName": model,
                    "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
                }
            ],
            AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://a/b"}},
        )
    with pytest.raises(ClientError, match="does not have answers inside of notifications"):
        store.config(model, NotificationConfig={"IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"]})
