"""Limits of requests by token buckets.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
"""

from __future__ import annotations

import time

from infra.localcloud.gateway.apis import Api, Limit, Route, Stage


class Throttle:
    """A bucket for each route with a limit of its own, and one for all others of a stage."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, ...], tuple[Limit, float, float]] = {}

    def admits(self, api: Api, stage: Stage, route: Route) -> bool:
        """Whether one more request may pass now; if so it is counted."""
        own = stage.limits.get(route.key)
        limit = own or stage.limit
        if limit is None:
            return True
        key = (api.id, stage.name, route.key if own else "")
        now = time.monotonic()
        held, tokens, then = self._buckets.get(key, (limit, float(limit.burst), now))
        if held != limit:
            tokens, then = float(limit.burst), now
        tokens = min(limit.burst, tokens + (now - then) * limit.rate)
        self._buckets[key] = (limit, tokens - (tokens >= 1), now)
        return tokens >= 1
