"""Events as AWS documents them, with all their fields.

HTTP: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html (2.0).
WebSocket: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode


@dataclass
class Context:
    """What Lambda hands to a function beside the event."""

    function_version: str = "7"
    aws_request_id: str = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
    remaining: int = 29000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining


def http(
    method: str,
    path: str,
    body: str | None = None,
    *,
    encoded: bool = False,
    query: dict[str, str] | None = None,
    stage: str = "$default",
    **headers: str,
) -> dict[str, Any]:
    """An event of an HTTP API with the fields of the example in AWS's documentation."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path if stage == "$default" else f"/{stage}{path}",
        "rawQueryString": urlencode(query or {}),
        "cookies": ["cookie1", "cookie2"],
        "headers": {"header1": "value1", "header2": "value1,value2", "host": "id.execute-api.us-east-1.amazonaws.com"}
        | {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api-id",
            "authentication": None,
            "authorizer": {"jwt": {"claims": {"claim1": "value1", "claim2": "value2"}, "scopes": ["scope1", "scope2"]}},
            "domainName": "id.execute-api.us-east-1.amazonaws.com",
            "domainPrefix": "id",
            "http": {
                "method": method,
                "path": path if stage == "$default" else f"/{stage}{path}",
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "agent",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "$default",
            "stage": stage,
            "time": "12/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1583348638390,
        },
        "pathParameters": {"parameter1": "value1"},
        "isBase64Encoded": encoded,
        "stageVariables": {"stageVariable1": "value1", "stageVariable2": "value2"},
    }
    if query:
        event["queryStringParameters"] = query
    if body is not None:
        event["body"] = body
    return event


def websocket(kind: str, message: Any = None) -> dict[str, Any]:
    """An event of a WebSocket API: CONNECT, DISCONNECT or MESSAGE."""
    route = {"CONNECT": "$connect", "DISCONNECT": "$disconnect", "MESSAGE": "detect"}[kind]
    context = {
        "routeKey": route,
        "eventType": kind,
        "extendedRequestId": "Fn1dLGc8oAMFe1g=",
        "requestTime": "21/Nov/2026:17:07:37 +0000",
        "messageDirection": "IN",
        "stage": "production",
        "connectedAt": 1795280857161,
        "requestTimeEpoch": 1795280857162,
        "identity": {"sourceIp": "192.0.2.1"},
        "requestId": "Fn1dLGc8oAMFe1g=",
        "domainName": "abcdef1234.execute-api.us-east-1.amazonaws.com",
        "connectionId": "Fn1dLe9CoAMCFqA=",
        "apiId": "abcdef1234",
    }
    event: dict[str, Any] = {"requestContext": context, "isBase64Encoded": False}
    if kind == "MESSAGE":
        context["messageId"] = "Fn1dLe9CoAMCFqB="
        event["body"] = message if isinstance(message, str) else json.dumps(message)
    if kind == "DISCONNECT":
        context |= {"disconnectStatusCode": 1000, "disconnectReason": "done"}
    if kind == "CONNECT":
        event["headers"] = {"Host": context["domainName"], "Sec-WebSocket-Version": "13", "Upgrade": "websocket"}
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
    return event
