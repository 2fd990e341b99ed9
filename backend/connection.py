"""The way back to a client of the WebSocket.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from backend.problem import Problem

if TYPE_CHECKING:
    from mypy_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient

LARGEST = 128 * 1024
"""Bytes of a message.
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""
_PIECE = 60_000
"""Characters of a text that is cut: as JSON within JSON each may count twice."""


class Gone(Exception):
    """The client has left: nothing more is to be done for it."""


@cache
def _client(url: str) -> ApiGatewayManagementApiClient:
    config = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 4})
    return boto3.client("apigatewaymanagementapi", endpoint_url=url, config=config)


@dataclass(frozen=True)
class Connection:
    """One client."""

    id: str
    url: str

    @classmethod
    def of(cls, context: dict[str, Any]) -> Connection:
        """The connection of an event's requestContext."""
        own = f"https://{context['domainName']}/{context['stage']}"
        return cls(context["connectionId"], os.environ.get("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") or own)

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; a larger one goes as pieces of its text. Gone where nobody listens any more."""
        text = json.dumps(message)
        if len(text) <= LARGEST:
            return self._post(text)
        cuts = range(0, len(text), _PIECE)
        for number, start in enumerate(cuts):
            piece = {"type": "piece", "id": message.get("id"), "piece": number, "last": start == cuts[-1]}
            self._post(json.dumps({**piece, "text": text[start : start + _PIECE]}))
        return None

    def refuse(self, problem: Problem, identity: str | None) -> None:
        """Tell why there is no answer."""
        self.send({"type": "error", "id": identity, "status": problem.status, **problem.body()})

    def _post(self, text: str) -> None:
        client = _client(self.url)
        try:
            client.post_to_connection(ConnectionId=self.id, Data=text.encode())
        except client.exceptions.GoneException:
            raise Gone from None
