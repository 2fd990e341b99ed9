"""An API as it is deployed: its stages, its routes, and the function behind each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.localcloud.moto_services import MotoServices

DEFAULT = "$default"
_FUNCTION = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[$A-Za-z0-9_-]+)?")


@dataclass(frozen=True)
class Limit:
    """Requests a second, and how many may come at once."""

    rate: float
    burst: int


@dataclass(frozen=True)
class Route:
    """A route key such as ``POST /detect`` or ``$connect``, and where it leads."""

    key: str
    function: str
    """ARN, with a version or an alias behind it where the integration names one."""
    seconds: float
    """How long the integration may take."""
    answers: bool
    """Of a WebSocket: whether what the function returns goes to the client."""


@dataclass(frozen=True)
class Stage:
    """A stage and its limits; ``limits`` are those of single routes."""

    name: str
    variables: Mapping[str, str]
    limit: Limit | None
    limits: Mapping[str, Limit]


@dataclass(frozen=True)
class Api:
    """An HTTP or a WebSocket API."""

    id: str
    region: str
    account: str
    protocol: str
    selection: str
    stages: Mapping[str, Stage]
    routes: Mapping[str, Route]

    @property
    def domain(self) -> str:
        """Its name on AWS."""
        return f"{self.id}.execute-api.{self.region}.amazonaws.com"

    def arn(self, stage: str, route: str) -> str:
        """What a function's resource policy names as the source.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
        """
        return f"arn:aws:execute-api:{self.region}:{self.account}:{self.id}/{stage}/{route.replace(' ', '', 1)}"


def find(moto: MotoServices, account: str, api_id: str) -> Api | None:
    """The API of that id, in whichever region it is."""
    with moto.regions("apigateway") as regions:
        for region, backend in regions.items():
            if api_id in backend.apis:
                return _api(backend.apis[api_id], region, account)
    return None


def _api(kept: Any, region: str, account: str) -> Api:
    integrations = {one.id: one for one in kept.integrations.values()}
    routes = {}
    for route in kept.routes.values():
        integration = integrations.get((route.target or "").rpartition("/")[2])
        match = _FUNCTION.search(integration.integration_uri or "") if integration else None
        if integration and match:
            routes[route.route_key] = Route(
                key=route.route_key,
                function=match[0],
                seconds=int(integration.timeout_in_millis) / 1000,
                answers=bool(route.route_response_selection_expression),
            )
    stages = {stage.name: _stage(stage) for stage in kept.stages.values()}
    return Api(kept.api_id, region, account, kept.protocol_type, kept.route_selection_expression or "", stages, routes)


def _stage(kept: Any) -> Stage:
    limits = {key: limit for key, settings in (kept.route_settings or {}).items() if (limit := _limit(settings))}
    return Stage(kept.name, dict(kept.stage_variables or {}), _limit(kept.default_route_settings or {}), limits)


def _limit(settings: Mapping[str, Any]) -> Limit | None:
    rate, burst = settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit")
    return None if rate is None and burst is None else Limit(float(rate or burst or 0), int(burst or rate or 0))
