"""What of the stacks really exists, on AWS or in the local cloud: asked by the same calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import code, message
from infra.errors import CloudUnusable

if TYPE_CHECKING:
    from infra.cloud import Cloud
    from infra.stacks.assembly import Stack

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
"""Parameter that `cdk bootstrap` leaves: https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html."""
_EXISTS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_PAUSE, _LONGEST = 2.0, 300.0  # seconds


@dataclass(frozen=True)
class Made:
    """What there is of a stack: ids by logical id, ids of what was taken over as it was, types of what is absent."""

    stack: str
    existing: dict[str, str]
    adopted: tuple[str, ...]
    absent: dict[str, str]


@dataclass(frozen=True)
class Difference:
    """A thing that is not as its template says: DELETED, or MODIFIED in the properties named."""

    stack: str
    logical: str
    kind: str
    identity: str
    status: str
    properties: tuple[str, ...]

    def __str__(self) -> str:
        """As a sentence's beginning."""
        changed = "is gone" if self.status == "DELETED" else f"differs in {', '.join(self.properties)}"
        return f"{self.kind} {self.identity or self.logical} {changed}"


def bootstrapped(cloud: Cloud) -> bool:
    """Whether the CDK can deploy there."""
    try:
        cloud.ssm.get_parameter(Name=BOOTSTRAP)
    except ClientError as error:
        if code(error) == "ParameterNotFound":
            return False
        raise
    return True


def look(cloud: Cloud, stack: Stack) -> Made:
    """Compare what a stack's template wants with what CloudFormation lists; nothing of it where there is no stack."""
    found, adopted = dict[str, str](), list[str]()
    if exists(cloud, stack.name):
        for page in cloud.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack.name):
            for one in page["StackResourceSummaries"]:
                if one["ResourceStatus"] in _EXISTS:
                    found[one["LogicalResourceId"]] = one.get("PhysicalResourceId", "")
                if one["ResourceStatus"] == "IMPORT_COMPLETE":
                    adopted.append(one.get("PhysicalResourceId", ""))
    absent = {logical: kind for logical, kind in stack.wanted.items() if logical not in found}
    return Made(stack.name, found, tuple(adopted), absent)


def exists(cloud: Cloud, name: str) -> bool:
    """Whether there is a stack of that name, with something in it."""
    try:
        (one,) = cloud.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if code(error) == "ValidationError" and "does not exist" in message(error):
            return False
        raise
    return one["StackStatus"] != "REVIEW_IN_PROGRESS"


def drift(cloud: Cloud, name: str) -> list[Difference]:
    """What is not as the deployed template says, found now; CloudFormation can take a minute for it."""
    cloudformation = cloud.cloudformation
    detection = cloudformation.detect_stack_drift(StackName=name)["StackDriftDetectionId"]
    deadline = time.monotonic() + _LONGEST
    while True:
        state = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if state["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        if time.monotonic() > deadline:
            raise CloudUnusable(f"CloudFormation looks at {name} for more than {_LONGEST:.0f} s; run again later.")
        time.sleep(_PAUSE)
    if state["DetectionStatus"] == "DETECTION_FAILED":
        why = state.get("DetectionStatusReason", "no reason given")
        raise CloudUnusable(f"CloudFormation could not look at all of {name}: {why}; mend that and run again.")
    told = cloudformation.describe_stack_resource_drifts(StackName=name)["StackResourceDrifts"]
    return [
        Difference(
            name,
            one["LogicalResourceId"],
            one["ResourceType"],
            one.get("PhysicalResourceId", ""),
            one["StackResourceDriftStatus"],
            tuple(each["PropertyPath"] for each in one.get("PropertyDifferences", [])),
        )
        for one in told
        if one["StackResourceDriftStatus"] in ("MODIFIED", "DELETED")
    ]
