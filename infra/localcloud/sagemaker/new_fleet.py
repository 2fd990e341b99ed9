"""From an endpoint configuration to the fleet that it means now."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from infra.localcloud.cloud import Cloud
from infra.localcloud.sagemaker.endpoint_configs import require_endpoint_config
from infra.localcloud.sagemaker.images import resolve_image
from infra.localcloud.sagemaker.models import require_model
from infra.localcloud.sagemaker.records import Fleet, Variant


def new_fleet(cloud: Cloud, region: str, config_name: str) -> Fleet:
    """Everything a configuration means now: tags become digests here, once and for all."""
    with cloud.state.read() as transaction:
        config = require_endpoint_config(cloud, transaction, region, config_name)
        described = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
        models = {
            variant["ModelName"]: require_model(cloud, transaction, region, variant["ModelName"])
            for variant in described
        }
    variants = [_new_variant(cloud, variant, models[variant["ModelName"]]) for variant in described]
    count, capture = len(config["ProductionVariants"]), config.get("DataCaptureConfig")
    return Fleet(
        uuid4().hex[:12],
        config_name,
        tuple(variants[:count]),
        config.get("AsyncInferenceConfig"),
        tuple(variants[count:]),
        capture if capture and capture.get("EnableCapture", True) else None,
    )


def _new_variant(cloud: Cloud, variant: dict[str, Any], model: dict[str, Any]) -> Variant:
    container = model["PrimaryContainer"]
    manifest = resolve_image(cloud.registry, cloud.settings.account, container["Image"])
    startup = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", cloud.settings.startup_timeout_s)
    return Variant(
        name=variant["VariantName"],
        model_name=variant["ModelName"],
        image=container["Image"],
        repository=manifest.repository,
        digest=manifest.digest,
        resolved_at=time.time(),
        environment=container.get("Environment", {}),
        model_data_url=container.get("ModelDataUrl"),
        weight=variant["InitialVariantWeight"],
        desired_weight=variant["InitialVariantWeight"],
        instances=variant.get("InitialInstanceCount", 1),
        startup_timeout_s=cloud.clock.seconds(startup),
        serverless=variant.get("ServerlessConfig"),
    )


def retain(fleet: Fleet, old: Fleet | None, excluded: set[str]) -> Fleet:
    """The fleet with the weights and counts of the old one, but for the excluded kinds of properties."""
    known = {variant.name: variant for variant in old.variants} if old else {}

    def kept(variant: Variant) -> Variant:
        before = known.get(variant.name)
        if before is None:
            return variant
        weight = variant.weight if "DesiredWeight" in excluded else before.desired_weight
        count = variant.instances if "DesiredInstanceCount" in excluded else before.instances
        return replace(variant, weight=weight, desired_weight=weight, instances=count)

    return replace(fleet, variants=tuple(kept(variant) for variant in fleet.variants))
