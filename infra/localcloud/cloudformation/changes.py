"""Change sets: what a template would change, and doing it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
"""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

from infra.localcloud.cloudformation.stack import NEW, Stack
from infra.localcloud.cloudformation.template import invalid, parse
from infra.localcloud.errors import AwsError

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud

_KIND = "change-set"
_NONE = "The submitted information didn't contain changes. Submit different information to create a change set."


def create(cloud: Cloud, stack: Stack, request: dict[str, Any], text: str) -> dict[str, Any]:
    """Remember what is to become of a stack; a new stack waits under review."""
    parameters, tags = values(request, stack), {one["Key"]: one["Value"] for one in request.get("Tags", [])}
    found = _changes(stack, parse(text))
    same = stack.status != NEW and not found and (parameters, tags) == (stack.parameters, stack.tags)
    identity = cloud.arn(stack.region, f"changeSet/{request['ChangeSetName']}/{uuid.uuid4()}", "cloudformation")
    made = {
        "ChangeSetName": request["ChangeSetName"],
        "ChangeSetId": identity,
        "StackId": stack.id,
        "StackName": stack.name,
        "CreationTime": time.time(),
        "Status": "FAILED" if same else "CREATE_COMPLETE",
        "ExecutionStatus": "UNAVAILABLE" if same else "AVAILABLE",
        "StatusReason": _NONE if same else "",
        "Changes": found,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": request.get("Tags", []),
        "Capabilities": request.get("Capabilities", []),
        "ImportExistingResources": bool(request.get("ImportExistingResources")),
        "text": text,
        "values": parameters,
    }
    with cloud.state.write() as transaction:
        transaction.put(_KIND, stack.region, _key(stack.name, request["ChangeSetName"]), made)
    return made


def require(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """The change set that a request names; CloudFormation's error where there is none."""
    if one := find(cloud, region, request):
        return one
    raise AwsError("ChangeSetNotFound", f"ChangeSet [{request['ChangeSetName']}] does not exist", 404)


def find(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any] | None:
    """The change set that a request names, by its name and its stack's or by its id."""
    name = request["ChangeSetName"]
    with cloud.state.read() as transaction:
        for one in transaction.list(_KIND, region):
            stack = request.get("StackName", one["StackId"])
            if name in (one["ChangeSetName"], one["ChangeSetId"]) and stack in (one["StackName"], one["StackId"]):
                return one
    return None


def delete(cloud: Cloud, region: str, one: dict[str, Any]) -> None:
    """Forget it."""
    with cloud.state.write() as transaction:
        transaction.delete(_KIND, region, _key(one["StackName"], one["ChangeSetName"]))


def values(request: dict[str, Any], stack: Stack) -> dict[str, str]:
    """The parameters of a request, earlier ones where it says so."""
    return {
        one["ParameterKey"]: stack.parameters[one["ParameterKey"]]
        if one.get("UsePreviousValue")
        else one.get("ParameterValue", "")
        for one in request.get("Parameters", [])
        if not one.get("UsePreviousValue") or one["ParameterKey"] in stack.parameters
    }


def _changes(stack: Stack, template: dict[str, Any]) -> list[dict[str, Any]]:
    old = parse(stack.template)["Resources"] if stack.template else {}
    new = template["Resources"]

    def change(action: str, logical: str, kind: str) -> dict[str, Any]:
        held = stack.resources.get(logical)
        told = {"Action": action, "LogicalResourceId": logical, "ResourceType": kind}
        return {"Type": "Resource", "ResourceChange": told | ({"PhysicalResourceId": held["id"]} if held else {})}

    return [
        *(change("Add", name, one["Type"]) for name, one in new.items() if name not in old),
        *(change("Modify", name, one["Type"]) for name, one in new.items() if name in old and old[name] != one),
        *(change("Remove", name, one["Type"]) for name, one in old.items() if name not in new),
    ]


def _key(stack: str, name: str) -> str:
    return f"{stack}/{name}"


def text_of(cloud: Cloud, request: dict[str, Any], stack: Stack | None) -> str:
    """The template of a request: its own, the one in a bucket, or the one before."""
    if request.get("UsePreviousTemplate") and stack:
        return stack.template
    if body := request.get("TemplateBody"):
        return str(body)
    url = request.get("TemplateURL", "")
    if not url:
        raise invalid("Either Template URL or Template Body must be specified.")
    host, _, path = url.partition("://")[2].partition("/")
    # https://BUCKET.s3.REGION.amazonaws.com/KEY, or a host and /BUCKET/KEY.
    bucket, key = (host.split(".")[0], path) if ".s3." in host else path.split("/", 1)
    return cloud.moto.read_object(f"s3://{bucket}/{key}").decode()
