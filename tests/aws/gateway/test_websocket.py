"""WebSocket APIs, used by a plain WebSocket client."""

from __future__ import annotations

import json
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from infra.contract.ports import free_port
from tests.aws.gateway.conftest import Front
from tests.aws.processes import wait_until


@pytest.fixture(scope="module")
def api(front: Any) -> str:
    return str(
        front.make(
            "WEBSOCKET",
            {
                "$connect": {},
                "$disconnect": {},
                "$default": {},
                "detect": {},
                "talk": {"RouteResponseSelectionExpression": "$default"},
                "slow": {"timeout": 5_000},
            },
        )
    )


def opened(front: Front, api: str, query: str = "", **more: Any) -> ClientConnection:
    client: ClientConnection = connect(front.url(api, f"/live{query}", "ws"), proxy=None, **more)
    return client


def say(client: ClientConnection, **message: Any) -> Any:
    client.send(json.dumps(message))
    return json.loads(client.recv(20))


def commands(front: Any) -> Any:
    """The management API, as boto3 speaks it."""
    import boto3

    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://127.0.0.1:{front.port}",
        region_name="eu-west-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def test_a_message_takes_the_route_that_it_names(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: routes for WebSocket APIs; the event's requestContext."""
    with opened(front, api) as client:
        told = say(client, action="detect")["event"]
        context = told["requestContext"]
        assert (context["routeKey"], context["eventType"], context["stage"]) == ("detect", "MESSAGE", "live")
        assert json.loads(told["body"]) == {"action": "detect"}
        assert context["domainName"] == f"{api}.execute-api.eu-west-1.amazonaws.com"
        assert context["messageId"] != context["connectionId"]
        assert say(client, action="nothing known")["event"]["requestContext"]["routeKey"] == "$default"
        client.send("no json")
        again = json.loads(client.recv(20))["event"]["requestContext"]
        assert (again["routeKey"], again["connectionId"]) == ("$default", context["connectionId"])


def test_several_messages_answer_one(front: Any, api: str) -> None:
    """AWS API reference: PostToConnection."""
    with opened(front, api) as client:
        client.send(json.dumps({"action": "detect", "messages": 3}))
        assert [json.loads(client.recv(20))["count"] for _ in range(3)] == [0, 1, 2]


def test_what_is_returned_is_sent_where_the_route_has_a_response(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: route responses."""
    with opened(front, api) as client:
        client.send(json.dumps({"action": "talk", "messages": 0}))
        assert client.recv(20) == "said by return"


def test_connect_may_refuse(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: $connect; a status other than 2xx keeps the client out."""
    with pytest.raises(InvalidStatus) as refused:
        opened(front, api, "?answer=401")
    assert refused.value.response.status_code == 401


def test_an_unknown_stage_is_403(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: invoke URL of a WebSocket API, with its stage."""
    with pytest.raises(InvalidStatus) as refused:
        connect(front.url(api, "/nothing", "ws"), proxy=None)
    assert refused.value.response.status_code == 403


def test_disconnect_is_told_with_its_code(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: $disconnect."""
    with opened(front, api) as client:
        connection = say(client)["event"]["requestContext"]["connectionId"]
        client.close(4001, "enough")

    def told() -> Any:
        events = front.cloud.client("logs").filter_log_events(logGroupName="/aws/lambda/f")["events"]
        return [json.loads(event["message"]) for event in events if connection in event["message"]]

    [context] = wait_until(told, "$disconnect")
    assert context["eventType"] == "DISCONNECT"
    assert (context["disconnectStatusCode"], context["disconnectReason"]) == (4001, "enough")


def test_errors_are_messages(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: WebSocket APIs, errors of the integration; 29 seconds at most."""
    with opened(front, api) as client:
        told = say(client, **{"raise": True})
        assert told["message"] == "Internal server error"
        assert set(told) == {"message", "connectionId", "requestId"}
        assert say(client, action="slow", sleep=2)["message"] == "Endpoint request timed out"


def test_without_a_route_a_message_is_forbidden(front: Any) -> None:
    """AWS API Gateway developer guide: $default route."""
    bare = front.make("WEBSOCKET", {"detect": {}})
    with opened(front, bare) as client:
        assert say(client, action="sing")["message"] == "Forbidden"


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["x" * (32 * 1024 + 1)], 1009),
        (["x" * 32 * 1024] * 4 + ["x"], 1009),
        (b"\xff\xd8", 1003),
    ],
)
def test_what_is_too_large_or_binary_closes_the_connection(front: Any, api: str, frames: Any, code: int) -> None:
    """AWS API Gateway developer guide: WebSocket quotas, 128 KB a message, 32 KB a frame; binary media types, 1003."""
    with opened(front, api, max_size=None) as client:
        with pytest.raises(ConnectionClosed) as closed:
            client.send(frames)
            client.recv(20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code


def test_a_message_of_128_kb_in_frames_arrives(front: Any, api: str) -> None:
    """The same quotas, from within."""
    with opened(front, api, max_size=None) as client:
        client.send(["x" * 32 * 1024] * 4)
        # What the function posts back is larger than a message may be.
        assert json.loads(client.recv(20))["message"] == "Internal server error"


def test_idle_connections_are_closed(start_cloud: Any, tmp_path: Any) -> None:
    """AWS API Gateway developer guide: WebSocket quotas, 10 minutes; here a thousand times faster."""
    port = free_port()
    cloud = start_cloud(tmp_path / "state", "--time-scale", "0.001", "--gateway-port", str(port))
    bare = Front(cloud, port, "f").make("WEBSOCKET", {}, permitted=False)
    with opened(Front(cloud, port, "f"), bare) as client, pytest.raises(ConnectionClosed) as closed:
        client.recv(20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_connections_are_commanded(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: @connections commands; 410 for those that are gone."""
    management = commands(front)
    with opened(front, api) as client:
        connection = say(client)["event"]["requestContext"]["connectionId"]
        management.post_to_connection(ConnectionId=connection, Data="grüß dich".encode())
        assert client.recv(20) == "grüß dich"
        told = management.get_connection(ConnectionId=connection)
        assert told["Identity"]["SourceIp"] == "127.0.0.1"
        assert told["LastActiveAt"] >= told["ConnectedAt"]
        with pytest.raises(management.exceptions.PayloadTooLargeException):
            management.post_to_connection(ConnectionId=connection, Data=b"x" * (128 * 1024 + 1))
        url = f"http://127.0.0.1:{front.port}/@connections/{connection}"
        assert urllib3.request("POST", url, body=b"unsigned").status == 403
        management.delete_connection(ConnectionId=connection)
        with pytest.raises(ConnectionClosed):
            client.recv(20)
    for command in (management.get_connection, management.delete_connection):
        with pytest.raises((management.exceptions.GoneException, ClientError), match="Gone"):
            command(ConnectionId=connection)


def test_messages_beyond_the_limit_are_told(front: Any) -> None:
    """AWS API Gateway developer guide: throttling of routes."""
    limited = front.make(
        "WEBSOCKET",
        {"$default": {}},
        DefaultRouteSettings={"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 1},
    )
    with opened(front, limited) as client:
        assert say(client)["count"] == 0
        assert say(client)["message"] == "Too Many Requests"
