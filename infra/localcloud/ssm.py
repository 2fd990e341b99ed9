"""SSM's parameters, as far as a stack has some: `cdk bootstrap` writes its version into one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from infra.localcloud.errors import AwsError

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud

_KIND = "parameter"


def put_parameter(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """PutParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html."""
    name = request["Name"]
    with cloud.state.write() as transaction:
        old = transaction.get(_KIND, region, name)
        if old and not request.get("Overwrite"):
            raise AwsError("ParameterAlreadyExists", f"The parameter {name} exists; set Overwrite to change it.")
        version = old["Version"] + 1 if old else 1
        transaction.put(
            _KIND,
            region,
            name,
            {
                "Name": name,
                "Type": request.get("Type") or (old or {}).get("Type", "String"),
                "Value": request["Value"],
                "Version": version,
                "LastModifiedDate": time.time(),
                "ARN": cloud.arn(region, f"parameter/{name.lstrip('/')}", "ssm"),
                "DataType": "text",
            },
        )
    return {"Version": version, "Tier": "Standard"}


def get_parameter(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """GetParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html."""
    with cloud.state.read() as transaction:
        found = transaction.get(_KIND, region, request["Name"])
    if found is None:
        raise AwsError("ParameterNotFound", f"There is no parameter {request['Name']}.")
    return {"Parameter": found}


def delete_parameter(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteParameter: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html."""
    get_parameter(cloud, region, request)
    with cloud.state.write() as transaction:
        transaction.delete(_KIND, region, request["Name"])
    return {}


OPERATIONS: dict[str, Callable[[Cloud, str, dict[str, Any]], dict[str, Any]]] = {
    "PutParameter": put_parameter,
    "GetParameter": get_parameter,
    "DeleteParameter": delete_parameter,
}
