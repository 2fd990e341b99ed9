"""Calls the function behind a route, as API Gateway does.

What becomes of errors: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

import anyio
from anyio import CapacityLimiter

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError
from infra.localcloud.functions.deployed import Deployed, deployed, split
from infra.localcloud.functions.environment import LARGEST
from infra.localcloud.functions.pool import Pool
from infra.localcloud.gateway.apis import Api, Route

_LOG = logging.getLogger(__name__)
_SERVICE = "apigateway.amazonaws.com"


class Failed(Exception):
    """There is no answer of the function; ``status`` is what a client of an HTTP API gets."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Integration:
    """The way from a route to its function."""

    def __init__(self, cloud: Cloud, pool: Pool) -> None:
        self._cloud = cloud
        self._pool = pool
        self._threads = CapacityLimiter(64)

    async def call(self, api: Api, stage: str, route: Route, event: dict[str, Any], trace: str) -> Any:
        """What the function returned; Failed where it did not, or took longer than the integration may."""
        payload = json.dumps(event).encode()

        def invoke() -> Any:
            return self._invoke(api, stage, route, payload, trace)

        with anyio.move_on_after(self._cloud.clock.seconds(route.seconds)):
            return await anyio.to_thread.run_sync(invoke, abandon_on_cancel=True, limiter=self._threads)
        raise Failed(504, "Endpoint request timed out")

    def _invoke(self, api: Api, stage: str, route: Route, payload: bytes, trace: str) -> Any:
        try:
            outcome = self._pool.invoke(self._permitted(api, stage, route, payload), payload, trace)
        except AwsError as error:
            _LOG.warning("%s of API %s: %s", route.key, api.id, error)
            raise Failed(500, "Internal Server Error") from error
        if outcome.failed:
            _LOG.warning("%s of API %s: %s", route.key, api.id, outcome.payload[:500].decode(errors="replace"))
            raise Failed(502, "Internal Server Error")
        return json.loads(outcome.payload or b"null")

    def _permitted(self, api: Api, stage: str, route: Route, payload: bytes) -> Deployed:
        """The function, or why Lambda would not let it be invoked."""
        name, qualifier = split(route.function, None)
        if len(payload) > LARGEST:
            raise AwsError("RequestTooLargeException", "The event is larger than 6 MB.", 413)
        function = deployed(self._cloud.moto, api.region, name, qualifier)
        if not function.allows(_SERVICE, api.arn(stage, route.key)):
            raise AwsError("AccessDeniedException", f"{route.function} has no permission for {_SERVICE}.", 403)
        return function
