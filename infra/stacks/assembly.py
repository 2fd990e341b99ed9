"""A cloud assembly as it was synthesised: its stacks, and what each wants there to be.

Source: cloud assembly schema of the CDK, manifest.json.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import InputError

# Only says what the CDK is used for.
_INTERNAL = frozenset({"AWS::CDK::Metadata"})


@dataclass(frozen=True)
class Stack:
    """One stack of an assembly; `wanted` are the types of its resources by logical id."""

    name: str
    region: str
    wanted: dict[str, str]


@dataclass(frozen=True)
class Assembly:
    """A folder that `python -m infra.stacks synth` wrote."""

    folder: Path
    stacks: dict[str, Stack]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        """Read a folder; InputError if it is no assembly."""
        try:
            artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
            found = [
                _stack(folder, name, one) for name, one in artifacts.items() if "templateFile" in one["properties"]
            ]
        except (OSError, ValueError, KeyError) as error:
            raise InputError(f"{folder} is no cloud assembly ({error!r}); make one with `synth`.") from None
        return cls(folder, {one.name: one for one in found})

    def named(self, names: list[str]) -> list[Stack]:
        """The stacks called so, in that order; InputError where one is not there."""
        if absent := [name for name in names if name not in self.stacks]:
            raise InputError(
                f"{self.folder} has no stack {' or '.join(absent)}: it was made from another slipway.toml; run `synth` "
                "again."
            )
        return [self.stacks[name] for name in names]


def _stack(folder: Path, name: str, artifact: dict[str, Any]) -> Stack:
    template = json.loads((folder / artifact["properties"]["templateFile"]).read_text())
    wanted = {key: one["Type"] for key, one in template["Resources"].items() if one["Type"] not in _INTERNAL}
    return Stack(name, artifact["environment"].rsplit("/", 1)[1], wanted)
