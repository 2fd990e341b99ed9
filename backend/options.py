"""Options of a request, as the one header that InvokeEndpoint hands on to the container: docs/inference.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.problem import Problem

NAMES = ("confidence", "iou", "max_detections", "classes", "masks", "frames", "every", "max_frames")
LONGEST = 1024
"""Characters; https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"""


def attributes(given: Mapping[str, Any]) -> str:
    """``confidence=0.5;classes=circle,square``; the container judges the values. Problem for what cannot be one."""
    if unknown := [name for name in given if name not in NAMES]:
        raise _wrong(f"There is no option {unknown[0][:40]!r}; there are {', '.join(NAMES)}.")
    text = ";".join(f"{name}={_written(name, value)}" for name, value in given.items())
    if len(text) > LONGEST:
        raise _wrong(f"The options have {len(text)} characters, {LONGEST} can be handed on; name fewer classes.")
    return text


def _written(name: str, value: Any) -> str:
    if isinstance(value, list) and name == "classes":
        return ",".join(_written("a class", item) for item in value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(f"The option {name} must be a text or a number.")
    text = str(value)
    if ";" in text or not (text.isascii() and text.isprintable()):
        raise _wrong(
            f"The option {name} holds a character that cannot be handed on; write printable ASCII without ';'."
        )
    return text


def _wrong(message: str) -> Problem:
    return Problem(400, "invalid_option", message)
