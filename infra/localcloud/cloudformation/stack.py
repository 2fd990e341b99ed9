"""A stack as the state remembers it."""

from __future__ import annotations

import time
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from infra.localcloud.cloudformation.template import invalid

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud

_KIND = "stack"
NEW = "REVIEW_IN_PROGRESS"


@dataclass
class Stack:
    """Times are seconds since 1970; `resources` are by logical id, and only those that exist."""

    region: str
    name: str
    id: str
    template: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    status: str = NEW
    reason: str = ""
    description: str = ""
    created: float = field(default_factory=time.time)
    updated: float | None = None
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    drift: dict[str, Any] | None = None

    @classmethod
    def new(cls, cloud: Cloud, region: str, name: str) -> Stack:
        """A stack without anything in it."""
        return cls(region, name, cloud.arn(region, f"stack/{name}/{uuid.uuid4()}", "cloudformation"))

    @classmethod
    def find(cls, cloud: Cloud, region: str, name_or_id: str) -> Stack | None:
        """The stack of that name or id."""
        with cloud.state.read() as transaction:
            found = transaction.get(_KIND, region, name_or_id.split("/")[1] if "/" in name_or_id else name_or_id)
        return cls(**found) if found and name_or_id in (found["name"], found["id"]) else None

    @classmethod
    def require(cls, cloud: Cloud, region: str, name_or_id: str) -> Stack:
        """The same; CloudFormation's error where there is none."""
        found = cls.find(cloud, region, name_or_id)
        if found is None:
            raise invalid(f"Stack with id {name_or_id} does not exist")
        return found

    @classmethod
    def all(cls, cloud: Cloud, region: str) -> list[Stack]:
        """Every stack of a region."""
        with cloud.state.read() as transaction:
            return [cls(**one) for one in transaction.list(_KIND, region)]

    def save(self, cloud: Cloud) -> None:
        """Remember it as it is."""
        with cloud.state.write() as transaction:
            transaction.put(_KIND, self.region, self.name, asdict(self))

    def forget(self, cloud: Cloud) -> None:
        """It is gone."""
        with cloud.state.write() as transaction:
            transaction.delete(_KIND, self.region, self.name)

    def tell(self, status: str, logical: str = "", kind: str = "", identity: str = "", why: str = "") -> None:
        """Add an event; without a logical id it is the stack's own."""
        event = {
            "StackId": self.id,
            "StackName": self.name,
            "EventId": str(uuid.uuid4()),
            "LogicalResourceId": logical or self.name,
            "PhysicalResourceId": identity if logical else self.id,
            "ResourceType": kind or "AWS::CloudFormation::Stack",
            "ResourceStatus": status,
            "Timestamp": time.time(),
            **({"ResourceStatusReason": why} if why else {}),
        }
        self.events.append(event)
        if not logical:
            self.status, self.reason = status, why
