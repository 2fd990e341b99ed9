"""CloudFormation's operations, each done when its answer comes: nothing here takes long enough to wait for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.config import Config

from infra.localcloud.cloudformation import changes, drift
from infra.localcloud.cloudformation.deployment import Deployment
from infra.localcloud.cloudformation.stack import NEW, Stack
from infra.localcloud.cloudformation.template import invalid, parse
from infra.localcloud.errors import NotSupported

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud

_BUSY = threading.RLock()
"""One change at a time: two deployments of one stack do not mix."""


@cache
def client(port: int, region: str, service: str) -> Any:
    """A client of this very cloud: resources are made by the calls that anybody would make."""
    return botocore.session.get_session().create_client(
        service,
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="cloudformation",
        aws_secret_access_key="cloudformation",  # noqa: S106 (the local cloud takes any)
        config=Config(retries={"total_max_attempts": 1}),
    )


def _deployment(cloud: Cloud, stack: Stack, *, adopt: bool = False) -> Deployment:
    return Deployment(cloud, lambda service: client(cloud.settings.port, stack.region, service), stack, adopt)


def create_stack(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html."""
    if Stack.find(cloud, region, request["StackName"]):
        raise invalid(f"Stack [{request['StackName']}] already exists")
    stack = Stack.new(cloud, region, request["StackName"])
    _converge(cloud, stack, request, changes.text_of(cloud, request, None))
    return {"StackId": stack.id}


def update_stack(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html."""
    stack = Stack.require(cloud, region, request["StackName"])
    text = changes.text_of(cloud, request, stack)
    tags = _tags(request)
    same = parse(text) == parse(stack.template) if stack.template else False
    if same and changes.values(request, stack) == stack.parameters and tags in (stack.tags, {}):
        raise invalid("No updates are to be performed.")
    _converge(cloud, stack, request, text)
    return {"StackId": stack.id}


def _converge(cloud: Cloud, stack: Stack, request: dict[str, Any], text: str) -> None:
    if stack.status == "ROLLBACK_COMPLETE":
        raise invalid(f"Stack:{stack.id} is in ROLLBACK_COMPLETE state and can not be updated.")
    tags = _tags(request) or stack.tags
    _deployment(cloud, stack).converge(text, changes.values(request, stack), tags)


def delete_stack(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteStack.html."""
    if stack := Stack.find(cloud, region, request["StackName"]):
        _deployment(cloud, stack).delete()
    return {}


def create_change_set(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html."""
    stack = Stack.find(cloud, region, request["StackName"])
    if request.get("ChangeSetType") == "CREATE" and stack is None:
        stack = Stack.new(cloud, region, request["StackName"])
        stack.save(cloud)
    if stack is None:
        raise invalid(f"Stack [{request['StackName']}] does not exist")
    made = changes.create(cloud, stack, request, changes.text_of(cloud, request, stack))
    return {"Id": made["ChangeSetId"], "StackId": stack.id}


def describe_change_set(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeChangeSet.html."""
    return changes.require(cloud, region, request)


def execute_change_set(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html."""
    one = changes.require(cloud, region, request)
    stack = Stack.require(cloud, region, one["StackId"])
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    _deployment(cloud, stack, adopt=one["ImportExistingResources"]).converge(one["text"], one["values"], tags)
    changes.delete(cloud, region, one)
    return {}


def delete_change_set(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DeleteChangeSet.html.

    One that is not there is as good as deleted.
    """
    if one := changes.find(cloud, region, request):
        changes.delete(cloud, region, one)
    return {}


def describe_stacks(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html."""
    name = request.get("StackName")
    stacks = [Stack.require(cloud, region, name)] if name else Stack.all(cloud, region)
    return {"Stacks": [_told(one) for one in stacks]}


def _told(stack: Stack) -> dict[str, Any]:
    return {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": stack.description or None,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in stack.tags.items()],
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason or None,
        "Outputs": stack.outputs,
        "EnableTerminationProtection": False,
        "DisableRollback": False,
    }


def describe_stack_events(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackEvents.html."""
    return {"StackEvents": Stack.require(cloud, region, request["StackName"]).events[::-1]}


def list_stack_resources(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html: what exists."""
    stack = Stack.require(cloud, region, request["StackName"])
    return {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": logical,
                "PhysicalResourceId": one["id"],
                "ResourceType": one["type"],
                "ResourceStatus": one["status"],
                "LastUpdatedTimestamp": one["time"],
            }
            for logical, one in stack.resources.items()
        ]
    }


def get_template(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html."""
    return {"TemplateBody": Stack.require(cloud, region, request["StackName"]).template}


def detect_stack_drift(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackDrift.html."""
    stack = Stack.require(cloud, region, request["StackName"])
    if stack.status == NEW:
        raise invalid(f"Drift detection cannot be performed on stack [{stack.name}] in {NEW}")
    return {"StackDriftDetectionId": drift.detect(_deployment(cloud, stack))}


def describe_stack_drift_detection_status(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackDriftDetectionStatus.html."""
    for stack in Stack.all(cloud, region):
        if stack.drift and stack.drift["StackDriftDetectionId"] == request["StackDriftDetectionId"]:
            return stack.drift
    raise invalid(f"Drift detection {request['StackDriftDetectionId']} does not exist")


def describe_stack_resource_drifts(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResourceDrifts.html."""
    stack = Stack.require(cloud, region, request["StackName"])
    return {"StackResourceDrifts": (stack.drift or {}).get("drifts", [])}


_READS: dict[str, Callable[[Cloud, str, dict[str, Any]], dict[str, Any]]] = {
    "DescribeChangeSet": describe_change_set,
    "DescribeStackDriftDetectionStatus": describe_stack_drift_detection_status,
    "DescribeStackEvents": describe_stack_events,
    "DescribeStackResourceDrifts": describe_stack_resource_drifts,
    "DescribeStacks": describe_stacks,
    "GetTemplate": get_template,
    "ListStackResources": list_stack_resources,
}
_CHANGES: dict[str, Callable[[Cloud, str, dict[str, Any]], dict[str, Any]]] = {
    "CreateChangeSet": create_change_set,
    "CreateStack": create_stack,
    "DeleteChangeSet": delete_change_set,
    "DeleteStack": delete_stack,
    "DetectStackDrift": detect_stack_drift,
    "ExecuteChangeSet": execute_change_set,
    "UpdateStack": update_stack,
}


def carry_out(cloud: Cloud, region: str, operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """One operation; NotSupported for those that are not here."""
    if operation in _READS:
        return _READS[operation](cloud, region, request)
    if operation not in _CHANGES:
        raise NotSupported(f"CloudFormation's {operation}")
    with _BUSY:
        return _CHANGES[operation](cloud, region, request)


def _tags(request: dict[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in request.get("Tags", [])}
