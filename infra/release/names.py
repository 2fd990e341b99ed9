"""What a release is, and the names made from it.

A release is (image digest, fingerprint of the configuration). Model, endpoint config and alarms are named after both,
so the same release always has the same names: a second deploy finds them, and nothing is replaced under a name in use.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import InputError

if TYPE_CHECKING:
    from infra.config import Config
    from infra.hosting import Serverless

VARIANT = "main"
HOSTING = ("AsyncInferenceConfig",)
"""What an endpoint config of ours may say beside its variants."""
HELD_MB = 256
"""What the container holds of bodies at a time, in MiB, unless it is told otherwise: one has to fit."""


@dataclass(frozen=True)
class Place:
    """Where a release is live: one environment of one project in one region."""

    project: str
    environment: str
    region: str

    @property
    def endpoint(self) -> str:
        """Name of the endpoint."""
        return f"{self.project}-{self.environment}"

    @property
    def alarm_prefix(self) -> str:
        """What the names of this environment's alarms begin with; no name has a slash, so no other's do."""
        return f"{self.project}/{self.environment}/"

    def owns(self, name: str) -> bool:
        """Whether `name` is one that a model or an endpoint config of this environment can have."""
        return re.fullmatch(rf"{re.escape(self.endpoint)}-[0-9a-f]{{12}}-[0-9a-f]{{8}}", name) is not None


@dataclass(frozen=True)
class Release:
    """An image and a configuration, for one place."""

    place: Place
    digest: str
    fingerprint: str

    @property
    def name(self) -> str:
        """Name of the model and of the endpoint config; at most 63 characters."""
        return f"{self.place.endpoint}-{self.digest.removeprefix('sha256:')[:12]}-{self.fingerprint[:8]}"

    def alarm(self, metric: str) -> str:
        """Name of the alarm on this release's fleet."""
        return f"{self.place.alarm_prefix}{metric}/{self.name.removeprefix(self.place.endpoint + '-')}"


def place(config: Config, environment: str) -> Place:
    """The place that an environment of slipway.toml is."""
    return Place(config.settings.project, environment, config.region(environment))


def checked(digest: str) -> str:
    """The digest of an image as it was given; InputError if it is none."""
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise InputError(
            f"{digest!r} is not an image digest; give sha256: and 64 hexadecimal digits, as publish prints it."
        )
    return digest


def release(config: Config, environment: str, digest: str) -> Release:
    """The release of an image to an environment as slipway.toml describes it now."""
    checked(digest)
    # The alarms too: they are named after the release, and after a change the new ones are to watch the fleet.
    alarms = [alarm.model_dump() for alarm in config.environment(environment).alarms]
    parts: list[object] = [container(config, environment), variant(config, environment), config.execution_role, alarms]
    if more := hosting(config, environment):  # what few have, so that the names of all others stay as they were
        parts.append(more)
    wanted = json.dumps(parts, sort_keys=True)
    return Release(place(config, environment), digest, hashlib.sha256(wanted.encode()).hexdigest())


def container(config: Config, environment: str) -> dict[str, str]:
    """Environment variables of the container."""
    limit = config.payload_limit_mb(environment)
    limits = {"SLIPWAY_MAX_BODY_BYTES": str(limit * 1024 * 1024)}
    if limit > HELD_MB:
        limits["SLIPWAY_MAX_HELD_BYTES"] = limits["SLIPWAY_MAX_BODY_BYTES"]
    return limits | config.environment(environment).variables


def variant(config: Config, environment: str) -> dict[str, Any]:
    """The production variant (ProductionVariant of CreateEndpointConfig) without its model."""
    settings = config.environment(environment)
    if settings.serverless:
        return {
            "VariantName": VARIANT,
            "ServerlessConfig": serverless(settings.serverless),
            "InitialVariantWeight": 1.0,
        }
    ami = {"InferenceAmiVersion": settings.inference_ami_version} if settings.inference_ami_version else {}
    return {
        "VariantName": VARIANT,
        "InstanceType": settings.instance_type,
        "InitialInstanceCount": settings.instance_count,
        "InitialVariantWeight": 1.0,
        "ContainerStartupHealthCheckTimeoutInSeconds": config.settings.timeouts.startup_seconds,
        **ami,
    }


def hosting(config: Config, environment: str) -> dict[str, Any]:
    """What CreateEndpointConfig is told beside the variants."""
    asynchronous = config.environment(environment).asynchronous
    if asynchronous is None:
        return {}
    topics = {"SuccessTopic": asynchronous.success_topic, "ErrorTopic": asynchronous.error_topic}
    told = {name: topic for name, topic in topics.items() if topic}
    output = asynchronous.output.rstrip("/")
    at_once = asynchronous.max_concurrent_per_instance
    return {
        "AsyncInferenceConfig": {
            "OutputConfig": {
                "S3OutputPath": output,
                "S3FailurePath": (asynchronous.failure or f"{output}/failed").rstrip("/"),
                **({"NotificationConfig": told} if told else {}),
            },
            **({"ClientConfig": {"MaxConcurrentInvocationsPerInstance": at_once}} if at_once else {}),
        }
    }


def serverless(settings: Serverless) -> dict[str, int]:
    """ServerlessConfig of a production variant."""
    provisioned = settings.provisioned_concurrency
    return {
        "MemorySizeInMB": settings.memory_mb,
        "MaxConcurrency": settings.max_concurrency,
        **({"ProvisionedConcurrency": provisioned} if provisioned else {}),
    }
