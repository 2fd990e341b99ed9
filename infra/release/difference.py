"""How the configuration that is live differs from the wanted one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws_errors import missing
from infra.release import names

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from infra.config import Config


@dataclass(frozen=True)
class Configuration:
    """The variants of an endpoint config, shadows last, and the variables and the image of the container of the first.

    `hosting` is what the endpoint config says beside its variants.
    """

    variants: tuple[dict[str, Any], ...]
    variables: dict[str, str]
    image: str = ""
    hosting: dict[str, Any] = field(default_factory=dict)


def wanted(config: Config, environment: str) -> Configuration:
    """As slipway.toml describes it now."""
    return Configuration(
        (names.variant(config, environment),),
        names.container(config, environment),
        hosting=names.hosting(config, environment),
    )


def live(sagemaker: SageMakerClient, name: str) -> Configuration | None:
    """The endpoint config called `name` with its model; None where one of them is gone."""
    try:
        described = sagemaker.describe_endpoint_config(EndpointConfigName=name)
        told = [*described["ProductionVariants"], *described.get("ShadowProductionVariants", [])]
        variants: tuple[dict[str, Any], ...] = tuple(dict(variant) for variant in told)
        model = sagemaker.describe_model(ModelName=str(variants[0]["ModelName"]))
    except ClientError as error:
        if not missing(error):
            raise
        return None
    container = model["PrimaryContainer"]
    hosting = {key: value for key, value in described.items() if key in names.HOSTING}
    return Configuration(variants, dict(container.get("Environment", {})), container.get("Image", ""), hosting)


def differences(old: Configuration, new: Configuration) -> list[str]:
    """`InstanceType ml.c7i.large → ml.c7i.xlarge` and the like."""
    return [
        *_differences(old.variants[0], new.variants[0]),
        *_differences(old.hosting, new.hosting, whole=True),
        *_differences(old.variables, new.variables, whole=True),
    ]


def _differences(old: dict[str, Any], new: dict[str, Any], *, whole: bool = False) -> list[str]:
    keys = [*new, *(key for key in old if whole and key not in new)]
    return [f"{key} {old.get(key, 'unset')} → {new.get(key, 'unset')}" for key in keys if old.get(key) != new.get(key)]
