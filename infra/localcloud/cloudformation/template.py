"""A template: its text, what it refers to, and its values once the things referred to exist.

Source: AWS CloudFormation user guide, "Intrinsic function reference".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

import yaml

from infra.localcloud.errors import AwsError

NOTHING = object()
"""What `Ref: AWS::NoValue` stands for: the key it is the value of is left out."""
_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")

_PLAIN: dict[str, Callable[[Any], Any]] = {
    "Fn::And": all,
    "Fn::Equals": lambda given: str(given[0]) == str(given[1]),
    "Fn::Join": lambda given: given[0].join(map(str, given[1])),
    "Fn::Not": lambda given: not given[0],
    "Fn::Or": any,
    "Fn::Select": lambda given: given[1][int(given[0])],
    "Fn::Split": lambda given: given[1].split(given[0]),
}
"""Functions of values alone."""


class _Loader(yaml.SafeLoader):
    """Dates in templates are text: `2012-10-17`."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in resolvers if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def invalid(message: str) -> AwsError:
    """CloudFormation's error for a request or a template that it does not take."""
    return AwsError("ValidationError", message)


def parse(text: str) -> dict[str, Any]:
    """A template as JSON or YAML; short forms such as `!Ref` are refused, which the CDK does not write."""
    try:
        template = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, _Loader)  # noqa: S506
    except (ValueError, yaml.YAMLError) as error:
        raise invalid(f"Template format error: {error}") from error
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        raise invalid("Template format error: At least one Resources member must be defined.")
    return template


@dataclass
class Scope:
    """What references mean: parameters and pseudo parameters by name, and the resources that exist so far."""

    template: dict[str, Any]
    values: dict[str, Any]
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, template: dict[str, Any], given: dict[str, str], pseudo: dict[str, Any], exports: dict[str, str]
    ) -> Scope:
        """The scope of a stack; a parameter that has neither a value nor a default is refused."""
        declared: dict[str, Any] = template.get("Parameters", {})
        if unknown := sorted(given.keys() - declared.keys()):
            raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        missing = [name for name, one in declared.items() if name not in given and "Default" not in one]
        if missing:
            raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
        values: dict[str, Any] = {name: given.get(name, one.get("Default")) for name, one in declared.items()}
        for name, one in declared.items():
            if one.get("Type") == "CommaDelimitedList":
                values[name] = [part.strip() for part in str(values[name]).split(",")]
        return cls(template, {**values, **pseudo}, exports=exports)

    def wanted(self) -> dict[str, dict[str, Any]]:
        """The resources whose condition holds, each after those that it refers to."""
        declared = self.template["Resources"]
        included = {name: one for name, one in declared.items() if self.holds(one.get("Condition"))}
        graph = {name: {to for to in _references(one) if to in included} for name, one in included.items()}
        try:
            return {name: included[name] for name in TopologicalSorter(graph).static_order()}
        except CycleError as error:
            raise invalid(f"Circular dependency between resources: [{', '.join(error.args[1])}]") from error

    def holds(self, condition: str | None) -> bool:
        """Whether a condition of the template holds; none always does."""
        if condition is None:
            return True
        if condition not in self.template.get("Conditions", {}):
            raise invalid(f"Template format error: Unresolved condition dependency {condition}")
        return bool(self.resolve(self.template["Conditions"][condition]))

    def resolve(self, value: Any) -> Any:
        """A value of the template with its functions carried out."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in ("Ref", "Condition") or name.startswith("Fn::"):
                return self._call(name, argument)
        resolved = {key: self.resolve(one) for key, one in value.items()}
        return {key: one for key, one in resolved.items() if one is not NOTHING}

    def _call(self, name: str, argument: Any) -> Any:
        if name in _PLAIN:
            return _PLAIN[name](self.resolve(argument))
        functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self._condition,
            "Fn::If": self._if,
            "Fn::Sub": self._sub,
            "Fn::GetAtt": self._attribute,
            "Fn::ImportValue": self._import,
        }
        if name not in functions:
            raise invalid(f"The local cloud does not know the function {name}; deploy this stack to AWS.")
        return functions[name](argument)

    def _condition(self, argument: Any) -> Any:
        # Statements of policies have a key of this name, too.
        return self.holds(argument) if isinstance(argument, str) else {"Condition": self.resolve(argument)}

    def _if(self, argument: list[Any]) -> Any:
        return self.resolve(argument[1] if self.holds(argument[0]) else argument[2])

    def _import(self, argument: Any) -> str:
        name = self.resolve(argument)
        if name not in self.exports:
            raise invalid(f"No export named {name} found.")
        return self.exports[name]

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.values:
            return self.values[name]
        if name in self.resources:
            return self.resources[name]["id"]
        if name in self.template["Resources"]:
            return absent(name)
        raise invalid(f"Template format error: Unresolved resource dependencies [{name}] in the template")

    def _attribute(self, argument: Any) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        if name not in self.resources:
            # Policies are refused whose resources do not look like ARNs.
            return f"arn:aws:absent:::{absent(name)}" if attribute.endswith("Arn") else absent(name)
        found = self.resources[name]["attributes"]
        if attribute not in found:
            raise invalid(f"The local cloud does not know the attribute {attribute} of {name}.")
        return found[attribute]

    def _sub(self, argument: Any) -> str:
        text, own = argument if isinstance(argument, list) else (argument, {})
        mine = self.resolve(own)

        def put(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in mine:
                return str(mine[name])
            return str(self._attribute(name) if "." in name else self._ref(name))

        return _REFERENCE.sub(put, text).replace("${!", "${")


def absent(name: str) -> str:
    """What stands where a template refers to a thing that the local cloud has no type for."""
    return f"not-in-the-local-cloud-{name}"


def _references(value: Any) -> Iterator[str]:
    """Names that a resource refers to, whatever they are of."""
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    if not isinstance(value, dict):
        return
    for key, one in value.items():
        match key:
            case "Ref" if isinstance(one, str):
                yield one
            case "Fn::GetAtt":
                yield one.split(".")[0] if isinstance(one, str) else one[0]
            case "DependsOn":
                yield from [one] if isinstance(one, str) else one
            case "Fn::Sub":
                text = one[0] if isinstance(one, list) else one
                yield from (name.strip().split(".")[0] for name in _REFERENCE.findall(text))
                yield from _references(one[1:] if isinstance(one, list) else None)
            case _:
                yield from _references(one)
