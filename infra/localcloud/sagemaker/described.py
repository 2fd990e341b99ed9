"""How DescribeEndpoint tells of variants.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
"""

from __future__ import annotations

from typing import Any

from infra.localcloud.sagemaker.images import ImageName
from infra.localcloud.sagemaker.records import Endpoint, Variant


def _deployed_images(variant: Variant) -> list[dict[str, Any]]:
    host = variant.image.partition("/")[0]
    repository = ImageName.parse(variant.image).repository
    return [
        {
            "SpecifiedImage": variant.image,
            "ResolvedImage": f"{host}/{repository}@{variant.digest}",
            "ResolutionTime": variant.resolved_at,
        }
    ]


def live_variant(variant: Variant) -> dict[str, Any]:
    """A variant as it answers: ProductionVariantSummary."""
    return {
        "VariantName": variant.name,
        "DeployedImages": _deployed_images(variant),
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.desired_weight,
        **_capacity(variant, variant.instances),
    }


def _capacity(variant: Variant, running: int) -> dict[str, Any]:
    if variant.serverless:
        return {"CurrentServerlessConfig": variant.serverless, "DesiredServerlessConfig": variant.serverless}
    return {"CurrentInstanceCount": running, "DesiredInstanceCount": variant.instances}


def pending_variant(endpoint: Endpoint, variant: Variant) -> dict[str, Any]:
    """A variant on its way: PendingProductionVariantSummary."""
    status = {"shift": "ActivatingTraffic", "bake": "Baking", "drain": "Baking"}.get(endpoint.stage, "Creating")
    if endpoint.stage == "roll-back":
        status = "Deleting"
    running = 0 if endpoint.stage == "launch" else variant.instances
    return {
        "VariantName": variant.name,
        "DeployedImages": _deployed_images(variant),
        "CurrentWeight": variant.weight * endpoint.green_percent / 100,
        "DesiredWeight": variant.desired_weight,
        **_capacity(variant, running),
        "VariantStatus": [{"Status": status, "StartTime": endpoint.stage_since}],
    }
