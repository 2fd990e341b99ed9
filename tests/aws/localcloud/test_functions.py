"""Lambda: functions that are created by boto3 and run by AWS's runtime client in processes of their own."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

CODE = """
import json, os, sys, time
from pathlib import Path

def handler(event, context):
    if event.get("print"):
        print(event["print"])
    if event.get("raise"):
        raise ValueError(event["raise"])
    if event.get("exit"):
        os._exit(event["exit"])
    time.sleep(event.get("sleep", 0))
    if event.get("large"):
        return "x" * event["large"]
    return {
        "say": "SAY",
        "pid": os.getpid(),
        "variables": {name: value for name, value in os.environ.items() if name.startswith(("AWS_", "MY_", "_X"))},
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "request_id": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "files": sorted(path.name for path in Path.cwd().iterdir()),
    }
"""


def zipped(code: str, name: str = "main.py") -> bytes:
    """A function's code as CreateFunction takes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, code)
    return file.getvalue()


@pytest.fixture(scope="module")
def role(local_cloud: Any) -> str:
    """A role that Lambda may assume."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(
        local_cloud.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    )


@pytest.fixture
def function(local_cloud: Any, role: str) -> Iterator[str]:
    """A function of this test alone."""
    name = f"f-{uuid4().hex[:8]}"
    local_cloud.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="main.handler",
        Code={"ZipFile": zipped(CODE.replace("SAY", "one"))},
        Timeout=100,
        Environment={"Variables": {"MY_SETTING": "set"}},
    )
    yield name
    local_cloud.client("lambda").delete_function(FunctionName=name)


def invoke(cloud: Any, name: str, qualifier: str | None = None, **event: Any) -> tuple[dict[str, Any], Any]:
    more = {"Qualifier": qualifier} if qualifier else {}
    answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **more)
    return answer, json.loads(answer["Payload"].read())


def test_a_function_sees_what_lambda_tells_it(local_cloud: Any, function: str) -> None:
    """AWS Lambda developer guide: defined runtime environment variables; context object in Python."""
    answer, told = invoke(local_cloud, function)
    assert (answer["StatusCode"], answer["ExecutedVersion"], "FunctionError" in answer) == (200, "$LATEST", False)
    variables = told["variables"]
    assert variables["MY_SETTING"] == "set"
    assert variables["AWS_LAMBDA_FUNCTION_NAME"] == function
    assert variables["AWS_REGION"] == "eu-west-1"
    assert variables["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert variables["AWS_ENDPOINT_URL"] == local_cloud.url
    assert told["version"] == "$LATEST"
    assert told["arn"].endswith(f":function:{function}")
    assert 0 < told["remaining"] <= 2000  # fifty times faster than AWS
    assert told["files"] == ["main.py"]


def test_an_environment_is_kept_for_the_next_event_and_another_is_made_beside_it(
    local_cloud: Any, function: str
) -> None:
    """AWS Lambda developer guide: the execution environment lifecycle; concurrency."""
    first = invoke(local_cloud, function)[1]
    again = invoke(local_cloud, function)[1]
    assert again["pid"] == first["pid"]
    assert again["request_id"] != first["request_id"]
    with ThreadPoolExecutor() as threads:
        pids = {told["pid"] for _, told in threads.map(lambda _: invoke(local_cloud, function, sleep=0.3), range(2))}
    assert len(pids) == 2


def test_versions_keep_their_code_and_an_alias_moves(local_cloud: Any, function: str) -> None:
    """AWS Lambda developer guide: versions and aliases."""
    client = local_cloud.client("lambda")
    one = client.publish_version(FunctionName=function)["Version"]
    client.create_alias(FunctionName=function, Name="live", FunctionVersion=one)
    client.update_function_code(FunctionName=function, ZipFile=zipped(CODE.replace("SAY", "two")))
    two = client.publish_version(FunctionName=function)["Version"]
    assert [invoke(local_cloud, function, name)[1]["say"] for name in (one, two, "live", "$LATEST")] == [
        "one",
        "two",
        "one",
        "two",
    ]
    client.update_alias(FunctionName=function, Name="live", FunctionVersion=two)
    answer, told = invoke(local_cloud, f"{function}:live")
    assert (told["say"], told["version"], answer["ExecutedVersion"]) == ("two", two, two)


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        ({"raise": "no"}, "ValueError", "no"),
        ({"exit": 3}, "Runtime.ExitError", "exit status 3"),
        ({"sleep": 3}, "Sandbox.Timedout", "Task timed out after 100.00 seconds"),
        ({"large": 6 * 1024 * 1024}, "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
    ],
)
def test_a_function_that_fails_is_an_answer_with_a_function_error(
    local_cloud: Any, function: str, event: dict[str, Any], kind: str, text: str
) -> None:
    """AWS Lambda API reference: Invoke, FunctionError."""
    answer, told = invoke(local_cloud, function, **event)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert told["errorType"] == kind
    assert text in told["errorMessage"]
    assert invoke(local_cloud, function)[1]["say"] == "one"


def test_code_that_cannot_be_imported_is_an_answer_too(local_cloud: Any, function: str) -> None:
    """AWS Lambda developer guide: runtime API, initialization error."""
    local_cloud.client("lambda").update_function_code(FunctionName=function, ZipFile=zipped("import nothing_like_it"))
    answer, told = invoke(local_cloud, function)
    assert answer["FunctionError"] == "Unhandled"
    assert told["errorType"] == "Runtime.ImportModuleError"


def test_what_lambda_refuses(local_cloud: Any, function: str) -> None:
    """AWS Lambda API reference: Invoke, errors; quotas; reserved concurrency."""
    client = local_cloud.client("lambda")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        invoke(local_cloud, "nobody")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        invoke(local_cloud, function, "9")
    with pytest.raises(client.exceptions.InvalidRequestContentException):
        client.invoke(FunctionName=function, Payload=b"no json")
    with pytest.raises(client.exceptions.RequestTooLargeException):
        client.invoke(FunctionName=function, Payload=b'"' + b"x" * 6 * 1024 * 1024 + b'"')
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException):
        invoke(local_cloud, function)


def test_what_a_function_writes_is_in_its_log_group(local_cloud: Any, function: str) -> None:
    """AWS Lambda developer guide: log groups and streams of functions."""
    invoke(local_cloud, function, print="something happened")
    events = local_cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    assert "something happened" in [event["message"] for event in events]
    assert "[$LATEST]" in events[0]["logStreamName"]


def test_functions_outlive_the_process(start_cloud: Any, tmp_path: Any) -> None:
    """Their code is in the state, as is the rest."""
    cloud = start_cloud(tmp_path / "state")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = cloud.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    cloud.client("lambda").create_function(
        FunctionName="f", Role=role, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": zipped(CODE)}
    )
    api = cloud.client("apigatewayv2").create_api(Name="front", ProtocolType="HTTP")["ApiId"]
    cloud.stop()
    cloud.start()
    assert invoke(cloud, "f")[1]["say"] == "SAY"
    assert cloud.client("apigatewayv2").get_api(ApiId=api)["Name"] == "front"
