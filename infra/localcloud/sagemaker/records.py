"""An endpoint and its fleets as they are kept in the state file."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Status = Literal["Creating", "Updating", "RollingBack", "InService", "Deleting", "Failed"]
# What a driver has to do next; "rest" when there is nothing.
Stage = Literal["launch", "shift", "bake", "drain", "roll-back", "rescale", "delete", "rest"]


@dataclass(frozen=True)
class Variant:
    """A production variant of one fleet, everything resolved: it can be started again from this alone.

    ``serverless`` is its ServerlessConfig, None where it has instances.
    """

    name: str
    model_name: str
    image: str
    repository: str
    digest: str
    resolved_at: float
    environment: dict[str, str]
    model_data_url: str | None
    weight: float
    desired_weight: float
    instances: int
    startup_timeout_s: float
    serverless: dict[str, int] | None = None


@dataclass(frozen=True)
class Fleet:
    """All variants of one endpoint configuration, started together. ``id`` is unique for each start.

    ``asynchronous`` is the configuration's AsyncInferenceConfig, None where it answers at once; ``capture`` its
    DataCaptureConfig, None where nothing is captured.
    """

    id: str
    config_name: str
    variants: tuple[Variant, ...]
    asynchronous: dict[str, Any] | None = None
    shadows: tuple[Variant, ...] = ()
    capture: dict[str, Any] | None = None

    @property
    def everything(self) -> tuple[Variant, ...]:
        """Production and shadow variants."""
        return self.variants + self.shadows

    @property
    def serverless(self) -> bool:
        """Whether it has no instances; serverless endpoints have one variant."""
        return any(variant.serverless for variant in self.variants)

    def container(self, variant: Variant) -> str:
        """The name of a variant's container."""
        return f"{self.id}-{variant.name}"

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Fleet:
        """Read back what ``asdict`` wrote."""
        variants = {key: tuple(Variant(**one) for one in body.get(key, ())) for key in ("variants", "shadows")}
        return cls(**{**body, **variants})


@dataclass(frozen=True)
class Endpoint:
    """An endpoint. ``blue`` answers now; ``green`` is being rolled out and gets ``green_percent`` of the traffic.

    ``stage``, ``step`` and ``stage_since`` are the rollout's place, so that another process can go on from there.
    Times are seconds since 1970.
    """

    name: str
    arn: str
    region: str
    config_name: str
    status: Status
    stage: Stage
    created: float
    modified: float
    blue: Fleet | None = None
    green: Fleet | None = None
    green_percent: float = 0.0
    step: int = 0
    stage_since: float = 0.0
    started: float = 0.0
    deployment: dict[str, Any] = field(default_factory=dict)
    last_deployment: dict[str, Any] | None = None
    failure_reason: str | None = None

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Endpoint:
        """Read back what ``to_json`` wrote."""
        fleets = {key: Fleet.from_json(body[key]) if body[key] else None for key in ("blue", "green")}
        return cls(**{**body, **fleets})

    def to_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)

    def but(self, **changes: Any) -> Endpoint:
        """The endpoint with some fields changed and the time of change set."""
        now = time.time()
        if "stage" in changes or "step" in changes:
            changes.setdefault("stage_since", now)
        return replace(self, modified=now, **changes)

    @property
    def fleets(self) -> list[tuple[Fleet, float]]:
        """Every fleet with its share of the traffic in percent."""
        blue = [(self.blue, 100.0 - self.green_percent)] if self.blue else []
        return blue + ([(self.green, self.green_percent)] if self.green else [])
