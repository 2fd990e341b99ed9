"""Statements of IAM policies, each wildcard in them with the reason why it is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Fn, Validations
from aws_cdk import aws_iam as iam

if TYPE_CHECKING:
    from collections.abc import Iterable

RULE = "AwsSolutions::AwsSolutions-IAM5"
"""cdk-nag's rule against wildcards: https://github.com/cdklabs/cdk-nag/blob/main/RULES.md."""


@dataclass(frozen=True)
class Allowed:
    """Actions on resources; `why` is told of each resource with a wildcard in it, and needed where there is one."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str = ""


def allow(owner: Any, allowed: Allowed) -> None:
    """Give a role a statement."""
    statement = {"Effect": "Allow", "Action": list(allowed.actions), "Resource": list(allowed.resources)}
    owner.add_to_policy(iam.PolicyStatement.from_json(filled_in(statement)))
    acknowledge(owner, allowed.resources, allowed.why)


def filled_in(value: Any) -> Any:
    """The same policy, its `${AWS::…}` left to CloudFormation."""
    match value:
        case dict():
            return {key: filled_in(one) for key, one in value.items()}
        case list():
            return [filled_in(one) for one in value]
        case str() if "${" in value:
            return Fn.sub(value)
    return value


def acknowledge(owner: Any, resources: Iterable[str], why: str) -> None:
    """Tell cdk-nag why there are wildcards among the resources of a policy of `owner`."""
    for resource in resources:
        if "*" in resource and why:
            told = resource.replace("${", "<").replace("}", ">")
            Validations.of(owner).acknowledge(Acknowledgment(id=f"{RULE}[Resource::{told}]", reason=why))
