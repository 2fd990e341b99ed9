"""Endpoints: the operations of the control plane. What happens after them is in ``rollout``."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import ValidationException
from infra.localcloud.logs import open_streams
from infra.localcloud.sagemaker.described import live_variant, pending_variant
from infra.localcloud.sagemaker.listing import list_page
from infra.localcloud.sagemaker.new_fleet import new_fleet, retain
from infra.localcloud.sagemaker.records import Endpoint, Fleet, Variant
from infra.localcloud.sagemaker.tags import save_tags
from infra.localcloud.sagemaker.traffic import plan_traffic
from infra.localcloud.sagemaker.variants import checked_serverless
from infra.localcloud.state import Transaction


def create_endpoint(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """CreateEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html."""
    name = request["EndpointName"]
    arn = cloud.arn(region, f"endpoint/{name}")
    fleet = new_fleet(cloud, region, request["EndpointConfigName"])
    _check_deployment(cloud, region, request.get("DeploymentConfig"), fleet)
    now = time.time()
    endpoint = Endpoint(
        name=name,
        arn=arn,
        region=region,
        config_name=fleet.config_name,
        status="Creating",
        stage="launch",
        created=now,
        modified=now,
        green=fleet,
        stage_since=now,
        started=now,
        deployment=request.get("DeploymentConfig") or {},
    )
    with cloud.state.write() as transaction:
        if transaction.get("endpoint", region, name):
            raise ValidationException(f'Cannot create already existing endpoint "{arn}".')
        transaction.put("endpoint", region, name, endpoint.to_json())
        open_streams(transaction, endpoint, fleet)
        save_tags(transaction, region, arn, request.get("Tags", []))
    return {"EndpointArn": arn}


def update_endpoint(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html."""
    name = request["EndpointName"]
    with cloud.state.read() as transaction:
        _require_updatable(require_endpoint(cloud, transaction, region, name))
    fleet = new_fleet(cloud, region, request["EndpointConfigName"])
    with cloud.state.write() as transaction:
        endpoint = require_endpoint(cloud, transaction, region, name)
        _require_updatable(endpoint)
        if request.get("RetainAllVariantProperties"):
            excluded = {item["VariantPropertyType"] for item in request.get("ExcludeRetainedVariantProperties", [])}
            fleet = retain(fleet, endpoint.blue, excluded)
        deployment = request.get("DeploymentConfig")
        if request.get("RetainDeploymentConfig"):
            deployment = endpoint.last_deployment
    _check_deployment(cloud, region, deployment, fleet)
    _check_names(endpoint, deployment, fleet)
    _refuse_conversion(endpoint, fleet)
    with cloud.state.write() as transaction:
        endpoint = require_endpoint(cloud, transaction, region, name)
        _require_updatable(endpoint)
        now = time.time()
        endpoint = endpoint.but(
            status="Updating",
            stage="launch",
            green=fleet,
            green_percent=0.0,
            step=0,
            started=now,
            deployment=deployment or {},
            failure_reason=None,
        )
        transaction.put("endpoint", region, name, endpoint.to_json())
        open_streams(transaction, endpoint, fleet)
    return {"EndpointArn": endpoint.arn}


def update_endpoint_weights_and_capacities(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpointWeightsAndCapacities.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpointWeightsAndCapacities.html
    """
    name = request["EndpointName"]
    with cloud.state.write() as transaction:
        endpoint = require_endpoint(cloud, transaction, region, name)
        _require_updatable(endpoint)
        if endpoint.blue is None:
            raise ValidationException(f'Cannot update endpoint "{endpoint.arn}" that has no fleet.')
        variants = {variant.name: variant for variant in endpoint.blue.variants}
        for desired in request["DesiredWeightsAndCapacities"]:
            variant = variants.get(desired["VariantName"])
            if variant is None:
                raise ValidationException(
                    f'Could not find variant "{desired["VariantName"]}" of endpoint "{endpoint.arn}".'
                )
            variants[variant.name] = replace(
                variant,
                desired_weight=float(desired.get("DesiredWeight", variant.desired_weight)),
                instances=desired.get("DesiredInstanceCount", variant.instances),
                serverless=_rescaled(variant, desired),
            )
        if not any(variant.desired_weight for variant in variants.values()):
            raise ValidationException("At least one production variant must have a weight greater than 0.")
        blue = replace(endpoint.blue, variants=tuple(variants.values()))
        endpoint = endpoint.but(status="Updating", stage="rescale", blue=blue, failure_reason=None)
        transaction.put("endpoint", region, name, endpoint.to_json())
    return {"EndpointArn": endpoint.arn}


def delete_endpoint(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html."""
    name = request["EndpointName"]
    with cloud.state.write() as transaction:
        endpoint = require_endpoint(cloud, transaction, region, name)
        if endpoint.status == "Deleting":
            return {}
        _refuse_in_progress(endpoint)
        endpoint = endpoint.but(status="Deleting", stage="delete")
        transaction.put("endpoint", region, name, endpoint.to_json())
    return {}


def describe_endpoint(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeEndpoint: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html."""
    with cloud.state.read() as transaction:
        endpoint = require_endpoint(cloud, transaction, region, request["EndpointName"])
    answer: dict[str, Any] = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "EndpointStatus": endpoint.status,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
    }
    if endpoint.blue:
        answer["ProductionVariants"] = [live_variant(variant) for variant in endpoint.blue.variants]
        if endpoint.blue.shadows:
            answer["ShadowProductionVariants"] = [live_variant(variant) for variant in endpoint.blue.shadows]
        if capture := endpoint.blue.capture:
            answer["DataCaptureConfig"] = {
                "EnableCapture": True,
                "CaptureStatus": "Started",
                "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
                "DestinationS3Uri": capture["DestinationS3Uri"],
                "KmsKeyId": capture.get("KmsKeyId", ""),
            }
    if endpoint.failure_reason:
        answer["FailureReason"] = endpoint.failure_reason
    if endpoint.last_deployment:
        answer["LastDeploymentConfig"] = endpoint.last_deployment
    if endpoint.blue and endpoint.blue.asynchronous:
        answer["AsyncInferenceConfig"] = endpoint.blue.asynchronous
    if endpoint.green:
        answer["PendingDeploymentSummary"] = {
            "EndpointConfigName": endpoint.green.config_name,
            "ProductionVariants": [pending_variant(endpoint, variant) for variant in endpoint.green.variants],
            "StartTime": endpoint.started,
        }
        if endpoint.green.shadows:
            answer["PendingDeploymentSummary"]["ShadowProductionVariants"] = [
                pending_variant(endpoint, variant) for variant in endpoint.green.shadows
            ]
    return answer


def list_endpoints(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """ListEndpoints: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html."""
    with cloud.state.read() as transaction:
        endpoints = [Endpoint.from_json(body) for body in transaction.list("endpoint", region)]
    items = [
        {
            "EndpointName": endpoint.name,
            "EndpointArn": endpoint.arn,
            "CreationTime": endpoint.created,
            "LastModifiedTime": endpoint.modified,
            "EndpointStatus": endpoint.status,
        }
        for endpoint in endpoints
    ]
    return list_page("Endpoints", items, "EndpointName", request)


def require_endpoint(cloud: Cloud, transaction: Transaction, region: str, name: str) -> Endpoint:
    """An endpoint, or AWS's error for an unknown one."""
    body = transaction.get("endpoint", region, name)
    if body is None:
        raise ValidationException(f'Could not find endpoint "{cloud.arn(region, f"endpoint/{name}")}".')
    return Endpoint.from_json(body)


def _refuse_in_progress(endpoint: Endpoint) -> None:
    if endpoint.stage != "rest":
        raise ValidationException(f'Cannot update in-progress endpoint "{endpoint.arn}".')


def _require_updatable(endpoint: Endpoint) -> None:
    _refuse_in_progress(endpoint)
    if endpoint.status == "Failed":
        # DescribeEndpoint: "DeleteEndpoint is the only operation that can be performed on a failed endpoint."
        raise ValidationException(f'Cannot update failed endpoint "{endpoint.arn}": it can only be deleted.')


def _refuse_conversion(endpoint: Endpoint, fleet: Fleet) -> None:
    """An endpoint with instances does not become serverless; the other way round it may.

    https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-update.html
    """
    old = endpoint.blue.variants if endpoint.blue else ()
    if fleet.serverless and not all(variant.serverless for variant in old):
        raise ValidationException(
            f'Cannot update endpoint "{endpoint.arn}": an instance-based endpoint cannot be converted to a serverless '
            "endpoint."
        )


def _check_names(endpoint: Endpoint, deployment: dict[str, Any] | None, fleet: Fleet) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html."""
    old = {variant.name for variant in endpoint.blue.variants} if endpoint.blue else set()
    if deployment and old and old != {variant.name for variant in fleet.variants}:
        raise ValidationException(
            "DeploymentConfig cannot be used: the new endpoint configuration must have the same variant names as the "
            "old one."
        )
    if deployment and deployment.get("RollingUpdatePolicy") and len(fleet.variants) > 1:
        raise ValidationException("RollingUpdatePolicy cannot be used with multi-variant endpoints.")


def _rescaled(variant: Variant, desired: dict[str, Any]) -> dict[str, int] | None:
    """The ServerlessConfig after an update of weights and capacities."""
    update = desired.get("ServerlessUpdateConfig")
    if variant.serverless is None:
        if update:
            raise ValidationException(f'The variant "{variant.name}" is not serverless.')
        return None
    if "DesiredInstanceCount" in desired:
        raise ValidationException(f'The variant "{variant.name}" is serverless and has no instances.')
    return checked_serverless({**variant.serverless, **(update or {})})


def _check_deployment(cloud: Cloud, region: str, deployment: dict[str, Any] | None, fleet: Fleet) -> None:
    if deployment and fleet.serverless:
        # https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html: "only apply to Asynchronous
        # inference and Real-time inference endpoint types".
        raise ValidationException("DeploymentConfig cannot be used with serverless endpoints.")
    plan = plan_traffic(deployment or {}, sum(variant.instances for variant in fleet.variants))
    known = cloud.moto.alarm_states(region, plan.alarms)
    if missing := [name for name in plan.alarms if name not in known]:
        raise ValidationException(f"Could not find the CloudWatch alarms {', '.join(missing)} of the roll-back.")
