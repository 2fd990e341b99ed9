"""Kinds of endpoints in slipway.toml: what SageMaker hosts them with, and which settings exclude each other.

Source: SageMaker developer guide, "Serverless Inference" (feature exclusions) and "Deployment guardrails".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from infra.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.settings import Environment

SERVERLESS_PAYLOAD_MB = 4
"""The largest request of a serverless endpoint, in MiB (developer guide, "Serverless Inference")."""
SERVERLESS_IMAGE_GB = 10
"""The largest image of one, in GB."""


class Serverless(Section):
    """No instances: containers are started when requests come (API reference, ProductionVariantServerlessConfig).

    `max_concurrency` requests are answered at a time, and more are refused; `provisioned_concurrency` of them never
    wait for a container to start.
    """

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = 2048
    max_concurrency: int = Field(default=5, ge=1, le=200)
    provisioned_concurrency: int | None = Field(default=None, ge=1, le=200)

    @model_validator(mode="after")
    def _provisioned_is_a_part(self) -> Self:
        if (self.provisioned_concurrency or 0) > self.max_concurrency:
            raise ValueError(
                f"keeps {self.provisioned_concurrency} containers ready and answers {self.max_concurrency} requests "
                "at a time; raise max_concurrency, or lower provisioned_concurrency"
            )
        return self


Location = Annotated[
    str, StringConstraints(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?$", max_length=400)
]
Topic = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$")]


class Asynchronous(Section):
    """Requests wait in a queue and their answers go to S3 (API reference, AsyncInferenceConfig).

    What the model refuses goes to `failure`, `<output>/failed` unless set; topics of SNS are told of each.
    """

    output: Location
    failure: Location | None = None
    max_concurrent_per_instance: int | None = Field(default=None, ge=1, le=1000)
    success_topic: Topic | None = None
    error_topic: Topic | None = None
    payload_limit_mb: int = Field(default=64, ge=1, le=1024)


class Shadow(Section):
    """How candidates are tried behind users' backs: `percent` of the requests are copied to them.

    What the live release and the candidate answered is kept under `capture`, pictures included.
    """

    capture: Location
    percent: int = Field(default=100, ge=1, le=100)


def contradiction(environment: Environment) -> str | None:
    """What cannot be together in an environment, as the end of a sentence that begins with its name."""
    return next(_contradictions(environment), None)


def _contradictions(one: Environment) -> Iterator[str]:
    for kind in ("serverless", "asynchronous"):
        if one.shadow and getattr(one, kind):
            yield (
                f"has a shadow and is {kind}, and SageMaker has shadow variants for instances that answer at once "
                "alone; remove shadow"
            )
    if one.serverless is None:
        return
    if one.asynchronous:
        yield "is serverless and asynchronous, and SageMaker has no such endpoints; remove one of them"
    given = sorted({"instance_type", "instance_count", "inference_ami_version"} & one.model_fields_set)
    if given:
        yield (
            f"is serverless and has {given[0]}, but SageMaker chooses what serverless endpoints run on; remove "
            f"{given[0]}, or remove serverless"
        )
    if one.device != "cpu":
        yield (
            f"is serverless and has device = '{one.device}', and serverless endpoints have no GPU; write "
            "device = 'cpu', or remove serverless and name an instance_type"
        )
    if one.rollout.type != "all-at-once" or one.rollout.bake_seconds or one.alarms:
        what = "alarms" if one.alarms else "a rollout in steps"
        yield (
            f"is serverless and has {what}, but SageMaker moves serverless endpoints all at once and takes nothing "
            "back by alarms; remove rollout and alarms (the smoke test still takes a bad release back)"
        )
