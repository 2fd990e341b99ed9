"""The tables of slipway.toml about the stacks. Nothing of them needs to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, model_validator

from infra.section import Section

if TYPE_CHECKING:
    from infra.settings import Environment

S = TypeVar("S", bound=Section)
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
Days = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""What CloudWatch Logs can keep: API reference, PutRetentionPolicy."""


class Github(Section):
    """The repository whose branch may deploy: GitHub's token is traded for the deployer role.

    Repositories made or renamed since 15 July 2026 have the ids of owner and repository in the token's subject, older
    ones the names alone. The role trusts the form that the settings give, and never both: a name can change hands.
    """

    repo: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$")]
    branch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/#@+-]+$")] = "main"
    owner_id: int | None = Field(default=None, ge=1)
    repo_id: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _both_ids(self) -> Self:
        if (self.owner_id is None) != (self.repo_id is None):
            raise ValueError("has one id of two; write both owner_id and repo_id, or neither for older repositories")
        return self

    @property
    def subject(self) -> str:
        """What GitHub writes into the tokens of this branch."""
        owner, name = self.repo.split("/")
        if self.owner_id is not None:
            owner, name = f"{owner}@{self.owner_id}", f"{name}@{self.repo_id}"
        return f"repo:{owner}/{name}:ref:refs/heads/{self.branch}"


class Stacks(Section):
    """What all environments share."""

    untagged_days: int = Field(default=30, ge=1, le=3650)
    noncurrent_days: int = Field(default=90, ge=1, le=3650)
    captured_days: int = Field(default=30, ge=1, le=3650)
    access_log_days: int = Field(default=90, ge=1, le=3650)
    github: Github | None = None


class Watching(Section):
    """What is watched in an environment, and who is told: `latency_ms` is the container's, at the 99th percentile."""

    emails: tuple[Email, ...] = Field(default=(), max_length=20, strict=False)
    server_errors: int = Field(default=1, ge=1)
    latency_ms: int = Field(default=5000, ge=1, le=60_000)
    log_days: Days = 90


class Schedule(Section):
    """Other limits from a time on: a line of cron as EventBridge reads it, six fields."""

    cron: Annotated[str, StringConstraints(pattern=r"^\S+( \S+){5}$")]
    timezone: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$")] = "UTC"
    min_instances: int = Field(ge=1, le=1000)
    max_instances: int = Field(ge=1, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return _in_order(self, self.min_instances, self.max_instances)


class Scaling(Section):
    """How many instances serve, by the requests that each gets; `min_instances` unless set is `instance_count`.

    Cooldowns are seconds after a change in which no further one is made.
    """

    min_instances: int | None = Field(default=None, ge=1, le=1000)
    max_instances: int = Field(ge=1, le=1000)
    invocations_per_minute: int = Field(default=500, ge=1)
    scale_out_seconds: int = Field(default=60, ge=0, le=3600)
    scale_in_seconds: int = Field(default=600, ge=0, le=3600)
    schedule: tuple[Schedule, ...] = Field(default=(), max_length=20, strict=False)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        return _in_order(self, self.min_instances or 1, self.max_instances)


class Jwt(Section):
    """Whose tokens the HTTP API takes: JSON web tokens of one issuer, for one of the audiences."""

    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s/]+(/\S*)?$")]
    audiences: tuple[str, ...] = Field(min_length=1, max_length=50, strict=False)


class Front(Section):
    """The HTTP and the WebSocket API before the endpoint; the limits hold for all clients of one API together.

    Who may call them: callers with AWS credentials (`iam`), with a token (`jwt`; the WebSocket API then asks for AWS
    credentials), or everybody (`open`).
    """

    access: Literal["iam", "jwt", "open"] = "iam"
    jwt: Jwt | None = None
    requests_per_second: int = Field(default=50, ge=1, le=10_000)
    burst: int = Field(default=100, ge=1, le=5_000)
    memory_mb: int = Field(default=512, ge=128, le=10_240)
    log_days: Days = 30

    @model_validator(mode="after")
    def _jwt_is_described(self) -> Self:
        if (self.access == "jwt") != (self.jwt is not None):
            raise ValueError("has access = 'jwt' and no jwt, or the reverse; write both access and jwt, or neither")
        return self


def _in_order(section: S, low: int, high: int) -> S:
    if low > high:
        raise ValueError(f"has min_instances = {low} above max_instances = {high}; raise the one or lower the other")
    return section


def stacks_contradiction(environment: Environment) -> str | None:
    """What cannot be together in an environment, as the end of a sentence that begins with its name."""
    scaling = environment.scaling
    if environment.expires_hours and (scaling or environment.front):
        return "expires and has a stack of its own; remove scaling and front, which no preview has"
    if environment.front and environment.asynchronous:
        return "is asynchronous and has a front, whose callers wait for their answers; remove front"
    if scaling and environment.serverless:
        return "is serverless and has scaling, but SageMaker scales what is serverless by itself; remove scaling"
    if scaling and (least := scaling.min_instances or environment.instance_count) > scaling.max_instances:
        return (
            f"scales from {least} to {scaling.max_instances} instances; raise scaling.max_instances, or lower "
            "scaling.min_instances (instance_count unless set)"
        )
    return None
