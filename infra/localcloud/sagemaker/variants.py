"""What SageMaker takes as the variants of an endpoint configuration, and which kinds of endpoints go together."""

from __future__ import annotations

from typing import Any

from infra.localcloud.errors import ValidationException
from infra.localcloud.sagemaker.models import refuse_unsupported

_UNSUPPORTED = {
    "CoreDumpConfig": "core dumps",
    "ManagedInstanceScaling": "managed instance scaling",
    "InstancePools": "instance pools",
}
# Members of a variant that mean instances.
_OF_INSTANCES = (
    "InstanceType",
    "InitialInstanceCount",
    "InferenceAmiVersion",
    "VolumeSizeInGB",
    "ModelDataDownloadTimeoutInSeconds",
    "ContainerStartupHealthCheckTimeoutInSeconds",
    "RoutingConfig",
    "EnableSSMAccess",
)
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html: "Feature exclusions".
_NOT_SERVERLESS = {
    "DataCaptureConfig": "data capture",
    "VpcConfig": "VPC configuration",
    "EnableNetworkIsolation": "network isolation",
    "AsyncInferenceConfig": "asynchronous inference",
    "ShadowProductionVariants": "shadow variants",
}


def production_variants(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The production variants of a CreateEndpointConfig with their defaults; ValidationException for wrong ones."""
    variants = [_with_defaults(variant) for variant in request["ProductionVariants"]]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise ValidationException("The variant names of an endpoint configuration must be unique.")
    if not any(variant["InitialVariantWeight"] for variant in variants):
        raise ValidationException("At least one production variant must have a weight greater than 0.")
    if any("ServerlessConfig" in variant for variant in variants):
        _serverless_alone(request, variants)
    return variants


def shadow_variants(request: dict[str, Any], production: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shadow variants of a CreateEndpointConfig with their defaults.

    https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-create.html: one beside one production variant;
    https://docs.aws.amazon.com/sagemaker/latest/dg/shadow-tests-exclusions.html
    """
    shadows = [_with_defaults(variant) for variant in request.get("ShadowProductionVariants", [])]
    if not shadows:
        return []
    if len(shadows) > 1 or len(production) > 1:
        raise ValidationException("An endpoint with a shadow variant has one shadow and one production variant.")
    if shadows[0]["VariantName"] == production[0]["VariantName"]:
        raise ValidationException("The variant names of an endpoint configuration must be unique.")
    if "ServerlessConfig" in shadows[0]:
        raise ValidationException("Shadow variants do not support serverless inference.")
    if request.get("AsyncInferenceConfig"):
        raise ValidationException("Shadow variants do not support asynchronous inference.")
    return shadows


def check_capture(request: dict[str, Any]) -> None:
    """A DataCaptureConfig that is followed here."""
    config = request.get("DataCaptureConfig") or {}
    if config.get("EnableCapture", True) and config and request.get("AsyncInferenceConfig"):
        raise ValidationException(
            "DataCaptureConfig cannot be used: the local cloud captures no asynchronous requests."
        )


def check_asynchronous(config: dict[str, Any] | None) -> None:
    """An AsyncInferenceConfig that says where answers go.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html
    """
    if config is None:
        return
    output = config["OutputConfig"]
    if not output.get("S3OutputPath"):
        raise ValidationException("S3OutputPath is required in the OutputConfig of asynchronous inference.")
    told = output.get("NotificationConfig") or {}
    refuse_unsupported(told, {"IncludeInferenceResponseIn": "answers inside of notifications"})


def checked_serverless(config: dict[str, Any]) -> dict[str, Any]:
    """A ServerlessConfig whose numbers fit each other.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProductionVariantServerlessConfig.html
    """
    memory, most = config["MemorySizeInMB"], config["MaxConcurrency"]
    if memory % 1024:
        raise ValidationException(
            f"MemorySizeInMB {memory} is not valid: valid values are 1024, 2048, 3072, 4096, 5120 and 6144."
        )
    if config.get("ProvisionedConcurrency", 0) > most:
        raise ValidationException(
            f"ProvisionedConcurrency {config['ProvisionedConcurrency']} must be less than or equal to MaxConcurrency "
            f"{most}."
        )
    return config


def _with_defaults(variant: dict[str, Any]) -> dict[str, Any]:
    refuse_unsupported(variant, _UNSUPPORTED)
    name = variant["VariantName"]
    needed = ["ModelName"]
    if serverless := variant.get("ServerlessConfig"):
        checked_serverless(serverless)
        for member in _OF_INSTANCES:
            if member in variant:
                raise ValidationException(
                    f"ServerlessConfig and {member} cannot both be specified for the production variant {name}."
                )
    else:
        needed += ["InstanceType", "InitialInstanceCount"]
    for member in needed:
        if member not in variant:
            raise ValidationException(f"{member} is required for the production variant {name}.")
    return {"InitialVariantWeight": 1.0, **variant}


def _serverless_alone(request: dict[str, Any], variants: list[dict[str, Any]]) -> None:
    if len(variants) > 1:
        raise ValidationException("Serverless endpoints do not support multiple production variants.")
    for member, what in _NOT_SERVERLESS.items():
        if request.get(member):
            raise ValidationException(f"Serverless endpoints do not support {what} ({member}).")
