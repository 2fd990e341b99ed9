"""Checks a request against AWS's own description of the API, which botocore carries.

Types, required members, lengths, ranges, patterns and value sets (the current instance types, for one) come from
there, so they are as new as the installed botocore.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from botocore.loaders import create_loader

from infra.localcloud.errors import ValidationException

_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
}


@cache
def service_model(service: str) -> dict[str, Any]:
    """AWS's description of a service as botocore has it."""
    model: dict[str, Any] = create_loader().load_service_model(service, "service-2")
    return model


def operations(service: str) -> frozenset[str]:
    """The names of all operations that AWS has for a service."""
    return frozenset(service_model(service)["operations"])


def validate(service: str, operation: str, payload: dict[str, Any]) -> None:
    """Raise AWS's ValidationException when a request breaks the API's description.

    The text is AWS's: ``N validation errors detected: Value '…' at '…' failed to satisfy constraint: …``.
    """
    model = service_model(service)
    shape = model["operations"][operation].get("input")
    if shape is None:
        return
    problems: list[str] = []
    _check(model["shapes"], shape["shape"], payload, "", problems)
    if problems:
        count = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise ValidationException(f"{count}: {'; '.join(problems)}")


def _check(shapes: dict[str, Any], name: str, value: Any, path: str, problems: list[str]) -> None:
    shape = shapes[name]
    kind = shape["type"]
    expected = _JSON_TYPES.get(kind)
    if expected and (not isinstance(value, expected) or (kind not in ("boolean",) and isinstance(value, bool))):
        _fail(problems, path, value, f"Member must be of type {kind}")
    elif kind == "structure":
        _check_structure(shapes, shape, value, path, problems)
    elif kind == "list":
        _check_size(shape, len(value), path, value, problems)
        for number, item in enumerate(value, 1):
            _check(shapes, shape["member"]["shape"], item, f"{path}.{number}.member", problems)
    elif kind == "map":
        _check_size(shape, len(value), path, value, problems)
        for key, item in value.items():
            _check(shapes, shape["key"]["shape"], key, f"{path}.key", problems)
            _check(shapes, shape["value"]["shape"], item, f"{path}.{key}", problems)
    elif kind == "string":
        _check_string(shape, value, path, problems)
    elif kind in ("integer", "long", "float", "double"):
        _check_range(shape, value, path, problems)


def _check_structure(
    shapes: dict[str, Any], shape: dict[str, Any], value: dict[str, Any], path: str, problems: list[str]
) -> None:
    for member, reference in shape["members"].items():
        where = f"{path}.{_lower(member)}" if path else _lower(member)
        if value.get(member) is not None:
            _check(shapes, reference["shape"], value[member], where, problems)
        elif member in shape.get("required", ()):
            _fail(problems, where, None, "Member must not be null")


def _check_string(shape: dict[str, Any], value: str, path: str, problems: list[str]) -> None:
    _check_size(shape, len(value), path, value, problems)
    if "enum" in shape and value not in shape["enum"]:
        _fail(problems, path, value, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]")
    if "pattern" in shape:
        pattern = _pattern(shape["pattern"])
        if pattern and not pattern.fullmatch(value):
            _fail(problems, path, value, f"Member must satisfy regular expression pattern: {shape['pattern']}")


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    # Java's \p{…} has no counterpart in `re`; these are what the APIs here use of it, and close to it.
    for java, python in (("\\p{L}", "\\w"), ("\\p{N}", "\\d"), ("\\p{Z}", " ")):
        text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:
        return None


def _check_size(shape: dict[str, Any], size: int, path: str, value: Any, problems: list[str]) -> None:
    if size < shape.get("min", 0):
        _fail(problems, path, value, f"Member must have length greater than or equal to {shape['min']}")
    if "max" in shape and size > shape["max"]:
        _fail(problems, path, value, f"Member must have length less than or equal to {shape['max']}")


def _check_range(shape: dict[str, Any], value: float, path: str, problems: list[str]) -> None:
    if "min" in shape and value < shape["min"]:
        _fail(problems, path, value, f"Member must have value greater than or equal to {shape['min']}")
    if "max" in shape and value > shape["max"]:
        _fail(problems, path, value, f"Member must have value less than or equal to {shape['max']}")


def _fail(problems: list[str], path: str, value: Any, constraint: str) -> None:
    shown = "null" if value is None else f"'{value if isinstance(value, str) else json.dumps(value)}'"
    where = f" at '{path}'" if path else ""
    problems.append(f"Value {shown}{where} failed to satisfy constraint: {constraint}")


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
