"""How far what a stack has made is from its template.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from infra.localcloud.cloudformation.deployment import Deployment


def detect(deployment: Deployment) -> str:
    """Look at every resource of the stack; the id of what was found, which the stack keeps."""
    stack, drifts = deployment.stack, list[dict[str, Any]]()
    for logical, one in stack.resources.items():
        kind = deployment.kind(one["type"])
        found = kind.differences(one["id"], one["properties"]) if kind else None
        status = "DELETED" if found is None else "MODIFIED" if found else "IN_SYNC"
        drifts.append(
            {
                "StackId": stack.id,
                "LogicalResourceId": logical,
                "PhysicalResourceId": one["id"],
                "ResourceType": one["type"],
                "StackResourceDriftStatus": status,
                "Timestamp": time.time(),
                "PropertyDifferences": [_difference(*each) for each in found or []],
            }
        )
    away = [one for one in drifts if one["StackResourceDriftStatus"] != "IN_SYNC"]
    identity = str(uuid.uuid4())
    stack.drift = {
        "StackId": stack.id,
        "StackDriftDetectionId": identity,
        "StackDriftStatus": "DRIFTED" if away else "IN_SYNC",
        "DetectionStatus": "DETECTION_COMPLETE",
        "DriftedStackResourceCount": len(away),
        "Timestamp": time.time(),
        "drifts": drifts,
    }
    stack.save(deployment.cloud)
    return identity


def _difference(key: str, wanted: Any, actual: Any) -> dict[str, str]:
    kind = "ADD" if wanted is None else "REMOVE" if actual is None else "NOT_EQUAL"
    return {
        "PropertyPath": f"/{key}",
        "ExpectedValue": json.dumps(wanted),
        "ActualValue": json.dumps(actual),
        "DifferenceType": kind,
    }
