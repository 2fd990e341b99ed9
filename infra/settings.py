"""The tables of slipway.toml: what a user may set, within which limits, and the defaults."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, field_validator, model_validator

from infra.accelerators import LINES, Ami, Device, gpu, misfit, platform
from infra.config_errors import nearest
from infra.hosting import Asynchronous, Serverless, Shadow, contradiction
from infra.preview_names import LONGEST, LONGEST_TEMPLATE
from infra.pricing.settings import Prices
from infra.regress.settings import Gates
from infra.section import Section
from infra.stacks.settings import Front, Scaling, Stacks, Watching, stacks_contradiction
from infra.supply.settings import Licenses, Signing, Vulnerabilities

# 20 + 1 + 20 + 1 + 12 + 1 + 8 = 63, the longest name SageMaker takes for a model or an endpoint.
_NAME = "^[a-z](-?[a-z0-9])*$"
Name = Annotated[str, StringConstraints(pattern=_NAME, max_length=LONGEST)]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
Metric = Literal[
    "Invocation4XXErrors",
    "Invocation5XXErrors",
    "InvocationModelErrors",
    "ModelLatency",
    "OverheadLatency",
    "CPUUtilization",
    "GPUUtilization",
    "MemoryUtilization",
]

RESERVED = {
    "SLIPWAY_PORT": "SageMaker calls port 8080",
    "SAGEMAKER_BIND_TO_PORT": "SageMaker calls port 8080",
    "SLIPWAY_MODEL_DIR": "the model of the release would not be the one that is served",
    "PYTHONPATH": "the image's packages would not be found",
    "PYTHONHOME": "the image's Python would not start",
    "PATH": "the image's Python would not be found",
    "LD_LIBRARY_PATH": "other libraries than the image's would be loaded",
    "LD_PRELOAD": "other libraries than the image's would be loaded",
}
"""Variables that a container depends on, and why they are not to be set."""


def is_name(text: str) -> bool:
    """Whether an environment can be called so."""
    return len(text) <= LONGEST and re.fullmatch(_NAME, text) is not None


def _not_reserved(name: str) -> str:
    if name in RESERVED:
        raise ValueError(f"breaks the container: {RESERVED[name]}; remove it")
    return name


Variable = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=1024), AfterValidator(_not_reserved)
]


class Rollout(Section):
    """How traffic goes over to a new release: `DeploymentConfig` of UpdateEndpoint.

    Limits: API reference, TrafficRoutingConfig; a canary is at most half of the fleet, a linear step 10 to 50 percent.
    """

    type: Literal["all-at-once", "canary", "linear"] = "all-at-once"
    percent: int | None = Field(default=None, ge=1, le=50)
    bake_seconds: int = Field(default=0, ge=0, le=3600)

    @model_validator(mode="after")
    def _percent_fits_type(self) -> Self:
        if self.type == "all-at-once" and self.percent is not None:
            raise ValueError("has a percent, but all-at-once moves everything; remove percent or write type = 'canary'")
        if self.type != "all-at-once" and self.percent is None:
            raise ValueError(f"is {self.type} without a percent; add percent = 10, the share of the fleet to move")
        if self.type == "linear" and (self.percent or 0) < 10:
            raise ValueError(f"moves {self.percent} % a step; linear steps are 10 to 50")
        return self


class Alarm(Section):
    """A CloudWatch alarm on the new fleet; when it goes off during a rollout, SageMaker takes the release back.

    `threshold` is in the metric's unit (errors: a count; latencies: microseconds; utilization: percent); above is bad.
    """

    metric: Metric
    threshold: float = Field(ge=0, strict=False)
    statistic: (
        Annotated[str, StringConstraints(pattern=r"^(Sum|Average|Maximum|Minimum|p[0-9]{1,2}([.][0-9]+)?)$")] | None
    ) = None
    period_seconds: Literal[10, 30, 60, 120, 180, 240, 300] = 60
    evaluation_periods: int = Field(default=1, ge=1, le=20)


class Environment(Section):
    """One place where a release can be live."""

    instance_type: Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")] = "ml.c7i.large"
    instance_count: int = Field(default=1, ge=1, le=1000)
    production: bool = False
    region: Region | None = None
    regions: tuple[tuple[Region, ...], ...] = Field(default=(), strict=False)
    device: Device = "cpu"
    precision: Literal["fp32", "fp16", "int8"] = "fp32"
    inference_ami_version: Ami | None = None
    rollout: Rollout = Rollout()
    alarms: tuple[Alarm, ...] = Field(default=(), max_length=10, strict=False)
    keep: int = Field(default=2, ge=1, le=50)
    expires_hours: int | None = Field(default=None, ge=1, le=2160)
    promoted_from: Name | None = None
    regress: bool = False
    serverless: Serverless | None = None
    asynchronous: Asynchronous | None = None
    shadow: Shadow | None = None
    variables: dict[Variable, str] = {}
    watching: Watching = Watching()
    scaling: Scaling | None = None
    front: Front | None = None

    @field_validator("regions", mode="before")
    @classmethod
    def _waves(cls, regions: Any) -> Any:
        """A region by itself is a wave of one."""
        if not isinstance(regions, list):
            return regions
        return tuple(tuple(wave) if isinstance(wave, list) else (wave,) for wave in regions)

    @field_validator("regions")
    @classmethod
    def _each_region_once(cls, waves: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        every = [region for wave in waves for region in wave]
        if twice := next((region for region in every if every.count(region) > 1), None):
            raise ValueError(f"names {twice} twice; name each region once")
        if not all(waves):
            raise ValueError("has a wave without a region; name one in it or remove it")
        return waves

    @field_validator("variables")
    @classmethod
    def _variables_fit(cls, variables: dict[str, str]) -> dict[str, str]:
        # CreateModel, ContainerDefinition.Environment: up to 100 entries, values up to 1,024 characters; one is ours.
        if len(variables) > 99:
            raise ValueError(f"has {len(variables)} variables; SageMaker takes 99 beside Slipway's own")
        if long := next((key for key, value in variables.items() if len(value) > 1024), None):
            raise ValueError(f"has more than 1,024 characters in {long}; put long values into the image")
        return variables

    @field_validator("alarms")
    @classmethod
    def _one_alarm_a_metric(cls, alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
        metrics = [alarm.metric for alarm in alarms]
        if twice := next((metric for metric in metrics if metrics.count(metric) > 1), None):
            raise ValueError(f"names {twice} twice; keep one alarm a metric")
        return alarms

    @model_validator(mode="after")
    def _belongs_together(self) -> Self:
        if self.region and self.regions:
            raise ValueError("has a region and regions; keep one of the two")
        if self.regions and self.expires_hours:
            raise ValueError("has regions and expires, but a preview is in one region; write region")
        if self.production and self.expires_hours:
            raise ValueError("is production and expires; remove expires_hours, which makes an environment a preview")
        if why := contradiction(self) or stacks_contradiction(self):
            raise ValueError(why)
        if self.rollout.type != "all-at-once" and self.instance_count < 2:
            raise ValueError(
                f"has a {self.rollout.type} rollout and 1 instance, of which no part can be moved; "
                "write instance_count = 2 or more, or rollout = { type = 'all-at-once' }"
            )
        if self.rollout.type != "all-at-once" and not self.alarms:
            raise ValueError(
                f"has a {self.rollout.type} rollout and no alarms, so nothing would take a bad release back while it "
                "is watched; add alarms = [{ metric = 'Invocation5XXErrors', threshold = 0 }], or write "
                "rollout = { type = 'all-at-once' }"
            )
        if self.regress and (self.device != "cpu" or self.platform != "linux/amd64"):
            raise ValueError(
                f"has regress = true and runs on {self.instance_type}, which nothing in the engine can stand for: no "
                "two images can be compared there; remove regress"
            )
        if self.inference_ami_version and not gpu(self.instance_type):
            raise ValueError(
                f"has an inference_ami_version, which is for GPU instances, and {self.instance_type} has none; "
                "remove it or choose a GPU type such as ml.g5.xlarge"
            )
        if self.device in LINES:
            if self.platform != "linux/amd64":
                raise ValueError(
                    f"has device = '{self.device}' on {self.instance_type}, whose processor is arm64, for which no "
                    "image with CUDA is made; choose a type such as ml.g6.xlarge"
                )
            if why := misfit(LINES[self.device], self.instance_type, self.inference_ami_version):
                raise ValueError(f"has device = '{self.device}': {why}")
        return self

    @property
    def platform(self) -> str:
        """What its image is built for, which the instance type decides: `linux/amd64` or `linux/arm64`."""
        return platform(self.instance_type)


class Timeouts(Section):
    """How long to wait, in seconds."""

    startup_seconds: int = Field(default=480, ge=60, le=3600)
    deploy_seconds: int = Field(default=1800, ge=10, le=28800)


class Smoke(Section):
    """When the live endpoint's detections count as the expected ones."""

    iou: float = Field(default=0.9, gt=0, le=1, strict=False)
    score_tolerance: float = Field(default=0.05, ge=0, le=1, strict=False)


class Settings(Section):
    """The whole of slipway.toml."""

    project: Name
    region: Region
    repository: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*(/[a-z0-9]+([._-][a-z0-9]+)*)*$", min_length=2, max_length=256
            ),
        ]
        | None
    ) = None
    execution_role: (
        Annotated[
            str,
            StringConstraints(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[A-Za-z0-9_+=,.@/-]+$", max_length=2048),
        ]
        | None
    ) = None
    notify_topic: (
        Annotated[
            str,
            StringConstraints(pattern=r"^arn:aws[a-z-]*:sns:[a-z]{2}(-[a-z]+)+-[0-9]:[0-9]{12}:[A-Za-z0-9_-]{1,256}$"),
        ]
        | None
    ) = None
    payload_limit_mb: int = Field(default=6, ge=1, le=25)
    image_limit_gb: int = Field(default=10, ge=1, le=100)
    timeouts: Timeouts = Timeouts()
    smoke: Smoke = Smoke()
    signing: Signing | None = None
    vulnerabilities: Vulnerabilities = Vulnerabilities()
    licenses: Licenses = Licenses()
    prices: Prices = {}
    stacks: Stacks = Stacks()
    gates: Gates = Gates()
    environments: dict[Name, Environment] = Field(min_length=1)

    @field_validator("environments")
    @classmethod
    def _refer_to_each_other(cls, environments: dict[str, Environment]) -> dict[str, Environment]:
        for name, one in environments.items():
            if one.expires_hours and len(name) > LONGEST_TEMPLATE:
                raise ValueError(
                    f"has the preview {name}, whose name has {len(name)} letters; {LONGEST_TEMPLATE} leave room for "
                    "the branch's"
                )
            previews = (other for other, its in environments.items() if its.expires_hours)
            if template := next((other for other in previews if name.startswith(f"{other}-")), None):
                raise ValueError(
                    f"has {name} beside the preview {template}, and a branch could get that very name; give one of "
                    "them a name that does not begin like the other's"
                )
            before = one.promoted_from
            if before is not None and (before == name or before not in environments):
                raise ValueError(
                    f"promotes {name} from {before}, which is not another environment{nearest(before, environments)}"
                )
            if before is not None and environments[before].expires_hours:
                raise ValueError(
                    f"promotes {name} from {before}, which is a preview, so nothing is ever live in it; name another"
                )
        return environments
