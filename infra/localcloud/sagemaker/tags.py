"""Tags of models, endpoint configurations and endpoints."""

from __future__ import annotations

from typing import Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import ValidationException
from infra.localcloud.state import Transaction

# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html
MAX_TAGS = 50
_KINDS = {"model": "model", "endpoint-config": "endpoint-config", "endpoint": "endpoint"}


def save_tags(transaction: Transaction, region: str, arn: str, tags: list[dict[str, str]]) -> dict[str, str]:
    """Add tags to what a resource has; returns all of them."""
    record = transaction.get("tags", region, arn) or {"tags": {}}
    record["tags"].update({tag["Key"]: tag["Value"] for tag in tags})
    if len(record["tags"]) > MAX_TAGS:
        raise ValidationException(f"{arn} cannot have more than {MAX_TAGS} tags.")
    transaction.put("tags", region, arn, record)
    return dict(record["tags"])


def drop_tags(transaction: Transaction, region: str, arn: str) -> None:
    """Forget all tags of a resource that is deleted."""
    transaction.delete("tags", region, arn)


def add_tags(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """AddTags: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AddTags.html."""
    arn = request["ResourceArn"]
    with cloud.state.write() as transaction:
        _require(transaction, region, arn)
        return {"Tags": _shape(save_tags(transaction, region, arn, request["Tags"]))}


def list_tags(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """ListTags: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTags.html."""
    arn = request["ResourceArn"]
    with cloud.state.read() as transaction:
        _require(transaction, region, arn)
        return {"Tags": _shape((transaction.get("tags", region, arn) or {"tags": {}})["tags"])}


def delete_tags(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteTags.html."""
    arn = request["ResourceArn"]
    with cloud.state.write() as transaction:
        _require(transaction, region, arn)
        record = transaction.get("tags", region, arn) or {"tags": {}}
        for key in request["TagKeys"]:
            record["tags"].pop(key, None)
        transaction.put("tags", region, arn, record)
    return {}


def _require(transaction: Transaction, region: str, arn: str) -> None:
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if kind not in _KINDS or transaction.get(_KINDS[kind], region, name) is None:
        raise ValidationException(f'Could not find resource "{arn}".')


def _shape(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
