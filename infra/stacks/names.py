"""What the stacks and the things in them are called; a pure function of slipway.toml, so nothing is handed around."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import InputError
from infra.release.names import VARIANT

if TYPE_CHECKING:
    from infra.config import Config

BUCKETS = ("data", "models", "captured", "access-logs")
"""Training data, models, captured requests, and who asked for which of them."""
ACCOUNT = "${AWS::AccountId}"


def bucket(config: Config, what: str, account: str = ACCOUNT) -> str:
    """Name of a bucket: at most 20 + 1 + 11 + 1 + 12 + 1 + 14 = 60 characters of the 63 that S3 takes."""
    return f"{config.settings.project}-{what}-{account}-{config.settings.region}"


def registry(config: Config, region: str) -> str:
    """The registry's stack of a region; each region that has an environment has one."""
    name = f"{config.settings.project}-registry"
    return name if region == config.settings.region else f"{name}-{region}"


def shared(config: Config, what: str) -> str:
    """A stack that all environments share."""
    return f"{config.settings.project}-{what}"


def own(config: Config, environment: str, what: str, region: str) -> str:
    """A stack of one environment in one of its regions; it is named after the environment's endpoint."""
    name = f"{endpoint(config, environment)}-{what}"
    return name if region == config.region(environment) else f"{name}-{region}"


def regions(config: Config, environment: str) -> list[str]:
    """The regions of an environment, the first one first."""
    return [region for wave in config.waves(environment) for region in wave]


def endpoint(config: Config, environment: str) -> str:
    """The endpoint that releases of an environment go to, whether it exists yet or not."""
    return f"{config.settings.project}-{environment}"


def scaled(config: Config, environment: str) -> str:
    """What Application Auto Scaling calls the endpoint's instances."""
    return f"endpoint/{endpoint(config, environment)}/variant/{VARIANT}"


def environments(config: Config) -> list[str]:
    """The environments with stacks: all but previews, which come and go by themselves."""
    return [name for name, one in config.settings.environments.items() if not one.expires_hours]


def of_environment(config: Config, environment: str) -> list[str]:
    """The stacks that one environment stands on, shared ones first; InputError for a preview."""
    settings = config.environment(environment)
    if environment not in environments(config):
        raise InputError(
            f"{environment} is a preview, and previews have no stacks: they use the shared ones and are cleared "
            f"up with their endpoint; name one of {', '.join(environments(config))}."
        )
    own_ones = ["watching", *(["scaling"] if settings.scaling else []), *(["front"] if settings.front else [])]
    there = regions(config, environment)
    return [
        *(registry(config, region) for region in there),
        shared(config, "storage"),
        shared(config, "roles"),
        *(own(config, environment, what, region) for region in there for what in own_ones),
    ]
