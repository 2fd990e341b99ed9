"""Endpoint configurations: which models run on which instances, with which share of the traffic."""

from __future__ import annotations

import time
from typing import Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import ResourceInUse, ValidationException
from infra.localcloud.sagemaker.listing import list_page
from infra.localcloud.sagemaker.models import refuse_unsupported, require_model
from infra.localcloud.sagemaker.records import Endpoint
from infra.localcloud.sagemaker.tags import drop_tags, save_tags
from infra.localcloud.sagemaker.variants import (
    check_asynchronous,
    check_capture,
    production_variants,
    shadow_variants,
)
from infra.localcloud.state import Transaction

_UNSUPPORTED = {
    "ExplainerConfig": "explainers",
    "CrossRegionTrafficConfig": "cross-region traffic",
    "ExecutionRoleArn": "inference components",
}
_KEPT = (
    "AsyncInferenceConfig",
    "DataCaptureConfig",
    "KmsKeyId",
    "VpcConfig",
    "EnableNetworkIsolation",
    "MetricsConfig",
)


def create_endpoint_config(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """CreateEndpointConfig: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html."""
    name = request["EndpointConfigName"]
    arn = cloud.arn(region, f"endpoint-config/{name}")
    refuse_unsupported(request, _UNSUPPORTED)
    variants = production_variants(request)
    shadows = shadow_variants(request, variants)
    check_asynchronous(request.get("AsyncInferenceConfig"))
    check_capture(request)
    with cloud.state.write() as transaction:
        if transaction.get("endpoint-config", region, name):
            raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".')
        for variant in [*variants, *shadows]:
            require_model(cloud, transaction, region, variant["ModelName"])
        record = {
            "EndpointConfigName": name,
            "EndpointConfigArn": arn,
            "ProductionVariants": variants,
            "CreationTime": time.time(),
            **({"ShadowProductionVariants": shadows} if shadows else {}),
            **{key: request[key] for key in _KEPT if key in request},
        }
        transaction.put("endpoint-config", region, name, record)
        save_tags(transaction, region, arn, request.get("Tags", []))
    return {"EndpointConfigArn": arn}


def describe_endpoint_config(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeEndpointConfig.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpointConfig.html
    """
    with cloud.state.read() as transaction:
        return require_endpoint_config(cloud, transaction, region, request["EndpointConfigName"])


def list_endpoint_configs(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """ListEndpointConfigs: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpointConfigs.html."""
    with cloud.state.read() as transaction:
        records = transaction.list("endpoint-config", region)
    keys = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
    items = [{key: record[key] for key in keys} for record in records]
    return list_page("EndpointConfigs", items, "EndpointConfigName", request)


def delete_endpoint_config(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteEndpointConfig: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html.

    "You must not delete an EndpointConfig in use by an endpoint that is live": refused here, unless a fault allows it.
    """
    name = request["EndpointConfigName"]
    with cloud.state.write() as transaction:
        record = require_endpoint_config(cloud, transaction, region, name)
        for body in transaction.list("endpoint", region):
            endpoint = Endpoint.from_json(body)
            used = name in {fleet.config_name for fleet, _ in endpoint.fleets}
            if used and not cloud.faults.allows("DeleteEndpointConfig"):
                raise ResourceInUse(
                    f'Cannot delete endpoint configuration "{record["EndpointConfigArn"]}": the endpoint '
                    f'"{endpoint.name}" uses it. Delete the endpoint or update it to another configuration first.'
                )
        transaction.delete("endpoint-config", region, name)
        drop_tags(transaction, region, record["EndpointConfigArn"])
    return {}


def require_endpoint_config(cloud: Cloud, transaction: Transaction, region: str, name: str) -> dict[str, Any]:
    """A configuration's record, or AWS's error for an unknown one."""
    record = transaction.get("endpoint-config", region, name)
    if record is None:
        arn = cloud.arn(region, f"endpoint-config/{name}")
        raise ValidationException(f'Could not find endpoint configuration "{arn}".')
    return record
