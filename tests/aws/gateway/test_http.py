"""HTTP APIs, asked by a plain HTTP client."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import Any

import pytest
import urllib3

HTTP = urllib3.PoolManager(retries=False)


@pytest.fixture(scope="module")
def api(front: Any) -> str:
    return str(
        front.make(
            "HTTP",
            {"POST /detect": {}, "GET /files/{name}": {}, "ANY /files/{rest+}": {}, "$default": {"timeout": 8_000}},
            StageVariables={"colour": "blue"},
        )
    )


def ask(front: Any, api: str, method: str = "POST", path: str = "/detect", **more: Any) -> tuple[int, Any, Any]:
    answer = HTTP.request(method, front.url(api, path), timeout=30, **more)
    return answer.status, answer.headers, json.loads(answer.data) if answer.data else None


def test_a_request_is_an_event_of_format_2(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: Lambda proxy integrations for HTTP APIs, payload format 2.0."""
    headers = urllib3.HTTPHeaderDict({"X-One": "1", "Cookie": "a=1; b=2", "Content-Type": "text/plain"})
    headers.add("X-Two", "1")
    headers.add("X-Two", "2")
    status, told, event = ask(front, api, path="/detect?a=1&a=2&b=", body=b"hello", headers=headers)
    assert status == 200
    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "POST /detect"
    assert (event["rawPath"], event["rawQueryString"]) == ("/detect", "a=1&a=2&b=")
    assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["headers"]["x-one"], event["headers"]["x-two"]) == ("1", "1,2")
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    assert event["stageVariables"] == {"colour": "blue"}
    context = event["requestContext"]
    assert (context["apiId"], context["stage"], context["accountId"]) == (api, "$default", "123456789012")
    assert context["domainName"] == f"{api}.execute-api.eu-west-1.amazonaws.com"
    assert context["http"]["method"] == "POST"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"])
    assert abs(context["timeEpoch"] / 1000 - time.time()) < 60
    assert told["apigw-requestid"] == context["requestId"]
    assert event["headers"]["x-amzn-trace-id"].startswith("Root=1-")


def test_bytes_travel_as_base64(front: Any, api: str) -> None:
    """The same page: isBase64Encoded."""
    _, _, event = ask(front, api, body=bytes(range(256)), headers={"Content-Type": "image/jpeg"})
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == bytes(range(256))


@pytest.mark.parametrize(
    ("method", "path", "key", "variables"),
    [
        ("GET", "/files/a%20b", "GET /files/{name}", {"name": "a b"}),
        ("GET", "/files/a/b", "ANY /files/{rest+}", {"rest": "a/b"}),
        ("POST", "/files/a", "ANY /files/{rest+}", {"rest": "a"}),
        ("GET", "/else", "$default", None),
    ],
)
def test_the_most_specific_route_is_taken(
    front: Any, api: str, method: str, path: str, key: str, variables: Any
) -> None:
    """AWS API Gateway developer guide: routes for HTTP APIs, routing requests."""
    _, _, event = ask(front, api, method, path)
    assert (event["routeKey"], event.get("pathParameters")) == (key, variables)


@pytest.mark.parametrize(
    ("returned", "status", "body", "kind"),
    [
        ({"a": 1}, 200, b'{"a": 1}', "application/json"),
        ("text", 200, b"text", "application/json"),
        ({"statusCode": 418, "body": "short", "headers": {"x-a": "b"}}, 418, b"short", "text/plain;charset=UTF-8"),
        (
            {"statusCode": 200, "body": "/9g=", "isBase64Encoded": True, "headers": {"content-type": "image/jpeg"}},
            200,
            b"\xff\xd8",
            "image/jpeg",
        ),
        ({"statusCode": "no number", "body": ""}, 502, b'{"message":"Internal Server Error"}', "application/json"),
        ({"statusCode": 200, "body": {"a": 1}}, 502, b'{"message":"Internal Server Error"}', "application/json"),
        (
            {"statusCode": 200, "body": "%", "isBase64Encoded": True},
            502,
            b'{"message":"Internal Server Error"}',
            "application/json",
        ),
    ],
)
def test_what_a_function_returns_is_the_answer(
    front: Any, api: str, returned: Any, status: int, body: bytes, kind: str
) -> None:
    """AWS API Gateway developer guide: Lambda function response for format 2.0; Lambda developer guide: errors, 502."""
    answer = HTTP.request("POST", front.url(api, "/detect"), json={"return": returned})
    assert (answer.status, answer.data, answer.headers["content-type"]) == (status, body, kind)


def test_cookies_become_headers(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: Lambda function response for format 2.0."""
    returned = {"statusCode": 200, "cookies": ["a=1", "b=2; Secure"], "body": ""}
    answer = HTTP.request("POST", front.url(api, "/detect"), json={"return": returned})
    assert answer.headers.getlist("set-cookie") == ["a=1", "b=2; Secure"]


def test_a_function_that_raises_is_502_and_says_nothing(front: Any, api: str) -> None:
    """AWS Lambda developer guide: handling Lambda errors with an API Gateway API."""
    assert ask(front, api, json={"raise": True})[::2] == (502, {"message": "Internal Server Error"})


def test_an_integration_that_takes_too_long_is_504(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: HTTP API quotas, at most 30 seconds; here 8, ten times faster."""
    started = time.monotonic()
    assert ask(front, api, path="/slow", json={"sleep": 1.5})[::2] == (504, {"message": "Endpoint request timed out"})
    assert time.monotonic() - started < 1.4


def test_a_function_that_does_not_let_the_api_call_it_is_500(front: Any) -> None:
    """AWS Lambda developer guide: resource-based policies; rejected invocations are 500."""
    api = front.make("HTTP", {"$default": {}}, permitted=False)
    assert ask(front, api)[::2] == (500, {"message": "Internal Server Error"})


def test_payloads_have_limits(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: HTTP API quotas, 10 MB; Lambda quotas, 6 MB, rejected with 500."""
    assert ask(front, api, body=bytes(10 * 1024 * 1024 + 1))[::2] == (413, {"message": "Request Entity Too Large"})
    assert ask(front, api, body=bytes(5 * 1024 * 1024))[0] == 500
    assert ask(front, api, headers={"X-Long": "x" * 10_240})[0] == 431


def test_requests_beyond_the_limit_of_a_route_are_429(front: Any) -> None:
    """AWS API Gateway developer guide: throttle requests to HTTP APIs."""
    api = front.make(
        "HTTP",
        {"POST /detect": {}, "$default": {}},
        RouteSettings={"POST /detect": {"ThrottlingRateLimit": 0.01, "ThrottlingBurstLimit": 2}},
    )
    assert [ask(front, api)[0] for _ in range(4)] == [200, 200, 429, 429]
    assert ask(front, api)[2] == {"message": "Too Many Requests"}
    assert ask(front, api, path="/other")[0] == 200


def test_a_named_stage_is_the_first_part_of_the_path(front: Any) -> None:
    """AWS API Gateway developer guide: stages for HTTP APIs."""
    api = front.make("HTTP", {"POST /detect": {}}, StageName="v1")
    assert ask(front, api, path="/v1/detect")[2]["rawPath"] == "/v1/detect"
    assert ask(front, api, path="/detect")[::2] == (404, {"message": "Not Found"})


def test_the_api_is_known_by_its_host_too(front: Any, api: str) -> None:
    """AWS API Gateway developer guide: invoke URL, https://ID.execute-api.REGION.amazonaws.com."""
    host = f"{api}.execute-api.eu-west-1.amazonaws.com"
    answer = HTTP.request("POST", f"http://127.0.0.1:{front.port}/detect", headers={"Host": host})
    assert json.loads(answer.data)["requestContext"]["apiId"] == api


@pytest.mark.parametrize("path", ["/nothing/at/all", "/"])
def test_an_unknown_api_is_404(front: Any, path: str) -> None:
    """AWS API Gateway developer guide: 404 for what no route matches."""
    assert HTTP.request("GET", f"http://127.0.0.1:{front.port}{path}").status == 404
