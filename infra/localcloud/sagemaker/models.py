"""Models: a container image with its environment and artifacts."""

from __future__ import annotations

import time
from typing import Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.ecr import remember_image
from infra.localcloud.errors import ResourceInUse, ValidationException
from infra.localcloud.sagemaker.images import resolve_image
from infra.localcloud.sagemaker.listing import list_page
from infra.localcloud.sagemaker.records import Endpoint
from infra.localcloud.sagemaker.tags import drop_tags, save_tags
from infra.localcloud.state import Transaction

# What AWS has for a model and the containers here do not.
_UNSUPPORTED = {"Containers": "inference pipelines", "VpcConfig": "VPCs", "InferenceExecutionConfig": "pipelines"}
_UNSUPPORTED_CONTAINER = {
    "ModelDataSource": "ModelDataSource (use ModelDataUrl)",
    "AdditionalModelDataSources": "additional model data sources",
    "ModelPackageName": "model packages",
    "MultiModelConfig": "multi-model endpoints",
    "ImageConfig": "images outside ECR",
}


def create_model(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """CreateModel: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html."""
    name = request["ModelName"]
    arn = cloud.arn(region, f"model/{name}")
    container = request.get("PrimaryContainer") or {}
    refuse_unsupported(request, _UNSUPPORTED)
    refuse_unsupported(container, _UNSUPPORTED_CONTAINER)
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise ValidationException("The local cloud does not have multi-model endpoints.")
    if not container.get("Image"):
        raise ValidationException("PrimaryContainer with an Image is required to create a model.")
    role = request.get("ExecutionRoleArn")
    if not role:
        raise ValidationException("ExecutionRoleArn is required to create a model.")
    if not cloud.moto.role_can_be_assumed(role, "sagemaker.amazonaws.com"):
        raise ValidationException(
            f'Could not assume role "{role}". Please ensure that the role exists and allows principal '
            "'sagemaker.amazonaws.com' to assume the role."
        )
    with cloud.state.read() as transaction:
        _require_new(transaction, region, name, arn)
    manifest = resolve_image(cloud.registry, cloud.settings.account, container["Image"])
    if url := container.get("ModelDataUrl"):
        cloud.moto.require_object(url)
    record = {
        "ModelName": name,
        "PrimaryContainer": {"Mode": "SingleModel", "Environment": {}, **container},
        "ExecutionRoleArn": role,
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
        "CreationTime": time.time(),
        "ModelArn": arn,
    }
    with cloud.state.write() as transaction:
        _require_new(transaction, region, name, arn)
        transaction.put("model", region, name, record)
        remember_image(transaction, region, manifest)
        save_tags(transaction, region, arn, request.get("Tags", []))
    cloud.fleets.prepare()
    return {"ModelArn": arn}


def describe_model(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeModel: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html."""
    with cloud.state.read() as transaction:
        return require_model(cloud, transaction, region, request["ModelName"])


def list_models(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """ListModels: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListModels.html."""
    with cloud.state.read() as transaction:
        records = transaction.list("model", region)
    items = [{key: record[key] for key in ("ModelName", "ModelArn", "CreationTime")} for record in records]
    return list_page("Models", items, "ModelName", request)


def delete_model(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteModel: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteModel.html.

    AWS deletes a model behind a live endpoint too, which then cannot be patched or scaled: refused here, unless a
    fault allows it.
    """
    name = request["ModelName"]
    with cloud.state.write() as transaction:
        record = require_model(cloud, transaction, region, name)
        for body in transaction.list("endpoint", region):
            endpoint = Endpoint.from_json(body)
            used = any(variant.model_name == name for fleet, _ in endpoint.fleets for variant in fleet.everything)
            if used and not cloud.faults.allows("DeleteModel"):
                raise ResourceInUse(
                    f'Cannot delete model "{record["ModelArn"]}": the endpoint "{endpoint.name}" uses it. '
                    "Delete the endpoint or update it to another model first."
                )
        transaction.delete("model", region, name)
        drop_tags(transaction, region, record["ModelArn"])
    return {}


def require_model(cloud: Cloud, transaction: Transaction, region: str, name: str) -> dict[str, Any]:
    """A model's record, or AWS's error for an unknown one."""
    record = transaction.get("model", region, name)
    if record is None:
        raise ValidationException(f'Could not find model "{cloud.arn(region, f"model/{name}")}".')
    return record


def refuse_unsupported(request: dict[str, Any], unsupported: dict[str, str]) -> None:
    """Refuse members that would be ignored here, so that nothing is pretended."""
    for member, what in unsupported.items():
        if request.get(member):
            raise ValidationException(f"{member} cannot be used: the local cloud does not have {what}.")


def _require_new(transaction: Transaction, region: str, name: str, arn: str) -> None:
    if transaction.get("model", region, name):
        raise ValidationException(f'Cannot create already existing model "{arn}".')
