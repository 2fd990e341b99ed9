"""The licence report: what Python's packages may not be under, and what Debian and the model say of theirs."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from infra.supply.errors import GateClosed
from infra.supply.spdx import objection

if TYPE_CHECKING:
    from infra.config import Config

COMMONEST = 12
"""Licences of Debian's packages that people are shown; the JSON has all."""


@dataclass(frozen=True)
class Judged:
    """A Python package of the image; `objection` is why its licence is refused, `allowed` why it is let through."""

    name: str
    version: str
    licence: str
    objection: str | None
    allowed: str | None


@dataclass(frozen=True)
class Report:
    """All licences of an image; Debian's by short name, with the number of packages that name it."""

    image: str
    python: tuple[Judged, ...]
    debian: dict[str, int]
    free_text: tuple[str, ...]
    model: str

    @property
    def refused(self) -> list[Judged]:
        """What closes the gate."""
        return [one for one in self.python if one.objection and not one.allowed]

    def to_dict(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self) | {"refused": [one.name for one in self.refused]}

    def to_markdown(self) -> str:
        """For people."""
        lines = [f"## Licences of `{self.image}`", "", "| Python package | version | licence | |", "|---|---|---|---|"]
        lines += [
            f"| {one.name} | {one.version} | {one.licence or 'none'} | "
            + (f"allowed: {one.allowed}" if one.allowed else f"refused: {one.objection}" if one.objection else "")
            + " |"
            for one in self.python
        ]
        named = [f"{name} ({number})" for name, number in self.debian.items()]
        more = f" and {len(named) - COMMONEST} rarer ones" if len(named) > COMMONEST else ""
        debian = ", ".join(named[:COMMONEST]) + more
        lines += [
            "",
            f"The model: {self.model}.",
            "",
            f"Debian's packages, by the licences of their files: {debian}.",
            f"In words of their own (`/usr/share/doc/*/copyright`): {', '.join(self.free_text) or 'none'}.",
        ]
        return "\n".join(lines) + "\n"

    def gate(self) -> None:
        """GateClosed that names every refused package."""
        if self.refused:
            named = "; ".join(f"{one.name} {one.version} {one.objection}" for one in self.refused)
            raise GateClosed(
                f"the image holds Python packages that cannot be handed on under its licence: {named}. Take them "
                "out of the `inference` group of pyproject.toml, or say with [[licenses.allow]] in slipway.toml why "
                "one may stay."
            )


def judge(sbom: dict[str, Any], config: Config) -> Report:
    """Judge the licences that an SBOM lists."""
    allowed = config.settings.licenses.allow
    python, debian, free_text, model = [], Counter[str](), [], "states no licence"
    for component in sbom.get("components", ()):
        purl, stated = component.get("purl", ""), _stated(component)
        if purl.startswith("pkg:pypi/"):
            licence = " AND ".join(stated)
            against = objection(licence)
            reasons = (one.reason for one in allowed if fnmatchcase(component["name"], one.package))
            reason = next(reasons, None) if against else None
            python.append(Judged(component["name"], component["version"], licence, against, reason))
        elif purl.startswith("pkg:deb/"):
            debian.update(stated)
            free_text += [] if stated else [component["name"]]
        elif component["type"] == "machine-learning-model" and stated:
            model = f"{component['name']} states {' AND '.join(stated)} (see NOTICE)"
    image = str(sbom["metadata"]["component"].get("version", ""))
    return Report(image, tuple(python), dict(debian.most_common()), tuple(free_text), model)


def _stated(component: dict[str, Any]) -> list[str]:
    return [
        str(entry.get("expression") or entry["license"].get("id") or entry["license"].get("name"))
        for entry in component.get("licenses", ())
    ]
