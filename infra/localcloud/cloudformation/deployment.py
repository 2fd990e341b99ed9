"""Bringing a stack to a template, and back where that fails."""

from __future__ import annotations

import copy
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.localcloud.cloudformation.kinds import KINDS
from infra.localcloud.cloudformation.stack import NEW, Stack
from infra.localcloud.cloudformation.template import Scope, parse
from infra.localcloud.errors import AwsError

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud
    from infra.localcloud.cloudformation.kind import Kind

_FAILURES = (AwsError, BotoCoreError, ClientError)
_KEPT = ("Retain", "RetainExceptOnCreate")


@dataclass
class Deployment:
    """One stack on its way; with `adopt`, things that exist and are to be kept become the stack's as they are.

    What is on the way has the status of a failure until it is over, so that a process that is killed leaves a stack
    behind of which that is true.
    """

    cloud: Cloud
    client: Callable[[str], Any]
    stack: Stack
    adopt: bool = False
    _made: list[str] = field(default_factory=list)

    def converge(self, text: str, parameters: dict[str, str], tags: dict[str, str]) -> None:
        """Make, change and delete what the template asks for; what fails is undone, as CloudFormation does."""
        stack, template = self.stack, parse(text)
        verb = "CREATE" if stack.status == NEW else "UPDATE"
        scope = Scope.of(template, parameters, self._pseudo, self._exports)
        wanted = scope.wanted()
        before, old_tags = copy.deepcopy(stack.resources), stack.tags
        stack.tags = tags
        stack.tell(f"{verb}_IN_PROGRESS", why="User Initiated")
        stack.status = f"{verb}_FAILED"
        try:
            for logical, declared in wanted.items():
                self._bring(scope, logical, declared, before.get(logical))
            outputs = [self._output(scope, name, one) for name, one in self._outputs(scope)]
        except _FAILURES as error:
            stack.tags = old_tags
            self._undo(verb, before, _said(error))
            return
        for logical in [name for name in before if name not in wanted]:
            self._remove(logical, before[logical])
            del stack.resources[logical]
        for logical, one in before.items():
            if logical in wanted and stack.resources[logical]["id"] != one["id"]:
                self._remove(logical, one)
        stack.template, stack.parameters, stack.outputs = text, parameters, outputs
        stack.description = template.get("Description", "")
        stack.updated = time.time() if verb == "UPDATE" else None
        stack.tell(f"{verb}_COMPLETE")
        stack.save(self.cloud)

    def delete(self) -> None:
        """Delete what is not to be kept, last first; DELETE_FAILED where something cannot be."""
        stack = self.stack
        try:
            for logical in list(reversed(stack.resources)):
                self._remove(logical, stack.resources[logical], strict=True)
                del stack.resources[logical]
        except _FAILURES as error:
            stack.tell("DELETE_FAILED", why=_said(error))
            stack.save(self.cloud)
            return
        stack.forget(self.cloud)

    def kind(self, name: str) -> Kind | None:
        """The type called so, None where nothing of it is made here."""
        found = KINDS.get(name)
        return found(self.client, self.stack.region, self.cloud.settings.account) if found else None

    def _bring(self, scope: Scope, logical: str, declared: dict[str, Any], old: dict[str, Any] | None) -> None:
        kind, name = self.kind(declared["Type"]), declared["Type"]
        if kind is None:
            return
        properties = scope.resolve(declared.get("Properties", {}))
        if kind.tagged:
            mine = {one["Key"]: one for one in properties.get("Tags", [])}
            inherited = {key: {"Key": key, "Value": value} for key, value in self.stack.tags.items()}
            properties["Tags"] = list({**inherited, **mine}.values())
        given = properties.get(kind.named)
        identity = kind.identity(given) if given else old["id"] if old else kind.identity(self._name(kind, logical))
        now = {"type": name, "id": identity, "properties": properties, "keep": declared.get("DeletionPolicy") in _KEPT}
        if old and {key: old[key] for key in now} == now:
            scope.resources[logical] = old
            return
        status = "UPDATE_COMPLETE" if old and old["id"] == identity else "CREATE_COMPLETE"
        try:
            if status == "CREATE_COMPLETE" and kind.live(identity, properties) is not None:
                if not (self.adopt and now["keep"]):
                    raise AwsError("AlreadyExists", f"{identity} already exists")
                status = "IMPORT_COMPLETE"
            else:
                kind.apply(identity, properties)
            attributes = kind.attributes(identity)
        except _FAILURES as error:
            failed = status.replace("COMPLETE", "FAILED")
            self.stack.tell(failed, logical, name, identity, _said(error))
            raise
        if status == "CREATE_COMPLETE":
            self._made.append(logical)
        now |= {"attributes": attributes, "status": status, "time": time.time()}
        scope.resources[logical] = self.stack.resources[logical] = now
        self.stack.tell(status, logical, name, identity)
        self.stack.save(self.cloud)

    def _undo(self, verb: str, before: dict[str, Any], why: str) -> None:
        stack = self.stack
        stack.tell("ROLLBACK_IN_PROGRESS" if verb == "CREATE" else "UPDATE_ROLLBACK_IN_PROGRESS", why=why)
        for logical in reversed(self._made):
            self._remove(logical, stack.resources[logical])
        for logical, old in before.items():
            kind = self.kind(old["type"])
            if kind and stack.resources.get(logical) != old:
                kind.apply(old["id"], old["properties"])
        stack.resources = before
        stack.tell("ROLLBACK_COMPLETE" if verb == "CREATE" else "UPDATE_ROLLBACK_COMPLETE", why=why)
        stack.save(self.cloud)

    def _remove(self, logical: str, one: dict[str, Any], *, strict: bool = False) -> None:
        kind = self.kind(one["type"])
        if one["keep"] or kind is None:
            self.stack.tell("DELETE_SKIPPED", logical, one["type"], one["id"])
            return
        try:
            if kind.live(one["id"], one["properties"]) is not None:
                kind.delete(one["id"], one["properties"])
        except _FAILURES as error:
            self.stack.tell("DELETE_FAILED", logical, one["type"], one["id"], _said(error))
            if strict:
                raise
            return
        self.stack.tell("DELETE_COMPLETE", logical, one["type"], one["id"])

    def _name(self, kind: Kind, logical: str) -> str:
        name = f"{self.stack.name}-{logical}-{secrets.token_hex(6)}"[-63:].lstrip("-")
        return name.lower() if kind.lower else name

    @cached_property
    def _pseudo(self) -> dict[str, Any]:
        return {
            "AWS::AccountId": self.cloud.settings.account,
            "AWS::Partition": "aws",
            "AWS::Region": self.stack.region,
            "AWS::StackId": self.stack.id,
            "AWS::StackName": self.stack.name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    @cached_property
    def _exports(self) -> dict[str, str]:
        others = (one for one in Stack.all(self.cloud, self.stack.region) if one.name != self.stack.name)
        return {
            output["ExportName"]: output["OutputValue"]
            for other in others
            for output in other.outputs
            if "ExportName" in output
        }

    def _outputs(self, scope: Scope) -> list[tuple[str, dict[str, Any]]]:
        declared = scope.template.get("Outputs", {})
        return [(name, one) for name, one in declared.items() if scope.holds(one.get("Condition"))]

    def _output(self, scope: Scope, name: str, one: dict[str, Any]) -> dict[str, Any]:
        made = {"OutputKey": name, "OutputValue": str(scope.resolve(one["Value"]))}
        if "Description" in one:
            made["Description"] = one["Description"]
        if "Export" in one:
            made["ExportName"] = scope.resolve(one["Export"]["Name"])
        return made


def _said(error: Exception) -> str:
    return error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
