"""A local cloud with its gateway, and APIs in front of a function that does what its event says."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from infra.contract.ports import free_port
from tests.aws.processes import LocalCloud

CODE = """
import json, os, time
import boto3

def handler(event, context):
    told = json.loads(event["body"]) if event.get("body", "").startswith("{") else {}
    if told.get("raise"):
        raise ValueError("a secret of the function")
    time.sleep(told.get("sleep", 0))
    if "return" in told:
        return told["return"]
    kind = event["requestContext"].get("eventType")
    if kind is None:
        return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(event)}
    if kind == "CONNECT":
        return {"statusCode": int((event.get("queryStringParameters") or {}).get("answer", 200))}
    if kind == "DISCONNECT":
        print(json.dumps(event["requestContext"]))
        return {"statusCode": 200}
    client = boto3.client(
        "apigatewaymanagementapi", endpoint_url=os.environ["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"]
    )
    connection = told.get("to", event["requestContext"]["connectionId"])
    for count in range(told.get("messages", 1)):
        client.post_to_connection(ConnectionId=connection, Data=json.dumps({"count": count, "event": event}).encode())
    return {"statusCode": 200, "body": "said by return"}
"""
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def zipped(code: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", code)
    return file.getvalue()


@dataclass
class Front:
    """APIs of one local cloud."""

    cloud: LocalCloud
    port: int
    function: str

    @property
    def apis(self) -> Any:
        return self.cloud.client("apigatewayv2")

    def make(self, protocol: str, routes: dict[str, dict[str, Any]], *, permitted: bool = True, **stage: Any) -> str:
        """An API with routes, each with settings of its own; its id."""
        more = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
        api: str = self.apis.create_api(Name=uuid4().hex, ProtocolType=protocol, **more)["ApiId"]
        for key, settings in routes.items():
            timeout = {"TimeoutInMillis": settings.pop("timeout")} if "timeout" in settings else {}
            integration = self.apis.create_integration(
                ApiId=api,
                IntegrationType="AWS_PROXY",
                IntegrationUri=f"arn:aws:lambda:eu-west-1:123456789012:function:{self.function}",
                PayloadFormatVersion="2.0" if protocol == "HTTP" else "1.0",
                **timeout,
            )["IntegrationId"]
            self.apis.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}", **settings)
        self.apis.create_stage(ApiId=api, **{"StageName": "$default" if protocol == "HTTP" else "live", **stage})
        if permitted:
            self.cloud.client("lambda").add_permission(
                FunctionName=self.function,
                StatementId=api,
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
                SourceArn=f"arn:aws:execute-api:eu-west-1:123456789012:{api}/*",
            )
        return api

    def url(self, api: str, path: str = "", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{api}{path}"


@pytest.fixture(scope="session")
def front(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The gateway of a local cloud of its own, ten times faster than AWS in its waits."""
    port = free_port()
    state = tmp_path_factory.mktemp("gateway") / "state"
    cloud = LocalCloud(registry, state, ("--time-scale", "0.1", "--gateway-port", str(port)))
    try:
        cloud.start()
        role = cloud.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=POLICY)["Role"]["Arn"]
        cloud.client("lambda").create_function(
            FunctionName="f",
            Role=role,
            Runtime="python3.13",
            Handler="main.handler",
            Code={"ZipFile": zipped(CODE)},
            Timeout=900,
        )
        yield Front(cloud, port, "f")
    finally:
        cloud.stop()


@pytest.fixture(scope="session")
def make(front: Front) -> Callable[..., str]:
    """Makes an API."""
    return front.make
