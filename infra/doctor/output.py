"""What the containers' own words point to."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from infra.doctor.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.release.logs import Line

_SHOWN: Final = 3
_LONGEST: Final = 240
# (certainty, pattern, cause, remedy)
_SIGNS: Final = (
    (
        0.9,
        # With GPU or CUDA in its message it is the next sign.
        r'"event": "model_failed"(?!.*\b(?:GPU|CUDA))|There is no model in',
        "The server could not load its model.",
        "export the model again, or give the right one by --weights, and deploy",
    ),
    (
        0.9,
        r"CUDA driver version is insufficient|forward compatibility was attempted|no CUDA-capable device|libcuda\.so"
        r"|The GPU's driver runs CUDA|This image runs on an NVIDIA GPU and",
        "The image needs a GPU, or a driver of one, that the instances do not have.",
        "choose a GPU type as instance_type of [environments.{env}] and an inference_ami_version with a newer driver, "
        "or another device there, and deploy",
    ),
    (
        0.8,
        r"\bMemoryError\b|[Oo]ut of memory|\bOOM\b|Killed process|bad_alloc",
        "The container ran out of memory.",
        "choose a larger instance_type for [environments.{env}], or lower SLIPWAY_MAX_HELD_BYTES and SLIPWAY_WORKERS",
    ),
    (
        0.8,
        r"exec format error",
        "The image was built for another processor than the instances have.",
        "deploy from source, which builds for the instance_type of [environments.{env}]",
    ),
    (
        0.7,
        r'"code": "internal"|"event": "bug"|Traceback \(most recent call last\)',
        "The server fails at some requests.",
        "read the traceback with `dagger call logs --env {env} --filter traceback`, mend the code and deploy",
    ),
    (
        0.5,
        r'"code": "(overloaded|queue_timeout)"',
        "More requests come than the containers can answer.",
        "raise instance_count of [environments.{env}], or choose a larger instance_type",
    ),
    (
        0.4,
        r'"event": "unknown_setting"',
        "A variable of the container is read by nothing; it is probably misspelt.",
        "correct it under [environments.{env}.variables] in slipway.toml and deploy",
    ),
    (
        0.3,
        r'"event": "exit", "code": [1-9]|\b[Ss]egmentation fault\b|core dumped',
        "The server ended with an error.",
        "read what came before with `dagger call logs --env {env}`",
    ),
)


def read_output(lines: Sequence[Line], env: str) -> list[Finding]:
    """Findings from what the containers wrote, with the last few lines that show each."""
    found = []
    for certainty, pattern, cause, remedy in _SIGNS:
        shown = [line for line in lines if re.search(pattern, line.message)]
        if shown:
            signs = [f"{line.time} {_told(line.message)}" for line in shown[-_SHOWN:]]
            if len(shown) > _SHOWN:
                signs.insert(0, f"{len(shown)} lines, the last {_SHOWN}:")
            found.append(Finding(certainty, cause, tuple(signs), remedy.format(env=env)))
    return found


def _told(message: str) -> str:
    """The words for people of a line: a JSON line's message or the end of its traceback, else all of it."""
    try:
        fields: dict[str, Any] = json.loads(message)
        text = str(fields.get("message") or str(fields["traceback"]).strip().splitlines()[-1])
    except (ValueError, KeyError, AttributeError, IndexError):
        text = message
    return text[:_LONGEST]
