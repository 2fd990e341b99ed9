"""What an image's file system holds: Debian's packages, Python's distributions, the model and our code."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution
from typing import TYPE_CHECKING, Any

from debian.copyright import Copyright, MachineReadableFormatError, NotMachineReadableError
from debian.deb822 import Deb822

from infra.errors import InputError
from infra.supply.network import licence_of

if TYPE_CHECKING:
    from pathlib import Path

HOME = "opt/slipway"
STATUS = "var/lib/dpkg/status"
# It remarks on every copyright file that names its format by http.
logging.getLogger("debian.copyright").setLevel(logging.ERROR)


@dataclass(frozen=True)
class DebianPackage:
    """A package that dpkg knows as installed, with the source package that advisories are about.

    `licences` are the short names of its machine-readable copyright file; None where that is free text.
    """

    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    licences: tuple[str, ...] | None


@dataclass(frozen=True)
class PythonPackage:
    """A distribution by its own METADATA; `licence` is what it states, None if it states nothing."""

    name: str
    version: str
    licence: str | None


@dataclass(frozen=True)
class Model:
    """The baked model; `sha256` (hexadecimal) is of the network's file, which a mock does not have."""

    name: str
    sha256: str | None
    licence: str | None
    is_mock: bool


@dataclass(frozen=True)
class Inventory:
    """All of an image; `distribution` is (ID, VERSION_ID) of os-release, `inputs` those of the build by name."""

    distribution: tuple[str, str]
    debian: tuple[DebianPackage, ...]
    python: tuple[PythonPackage, ...]
    model: Model
    build: str
    inputs: dict[str, str]


def take(root: Path) -> Inventory:
    """Read the file system at `root`; InputError where it is not one of Slipway's images."""
    release = dict(line.split("=", 1) for line in _text(root, "etc/os-release").splitlines() if "=" in line)
    return Inventory(
        (release.get("ID", "").strip('"'), release.get("VERSION_ID", "").strip('"')),
        tuple(sorted(_debian(root), key=lambda package: (package.name, package.architecture))),
        tuple(sorted(_python(root), key=lambda package: package.name)),
        _model(root),
        str(_json(root, f"{HOME}/build.json")["build"]),
        inputs_of(root),
    )


def inputs_of(root: Path) -> dict[str, str]:
    """What went into the image at `root`, by its build.json."""
    return {str(name): str(value) for name, value in _json(root, f"{HOME}/build.json")["inputs"].items()}


def _debian(root: Path) -> list[DebianPackage]:
    found = []
    for entry in Deb822.iter_paragraphs(_text(root, STATUS), use_apt_pkg=False):
        if entry.get("Status", "").split()[-1:] != ["installed"]:
            continue
        # `Source: glibc (2.41-12)`; without a version it is the package's, without the field all is.
        source, _, version = entry.get("Source", entry["Package"]).partition(" ")
        found.append(
            DebianPackage(
                entry["Package"],
                entry["Version"],
                entry["Architecture"],
                source,
                version.strip("()") or entry["Version"],
                _copyright(root, entry["Package"]),
            )
        )
    return found


def _copyright(root: Path, package: str) -> tuple[str, ...] | None:
    path = root / "usr/share/doc" / package / "copyright"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    try:
        parsed = Copyright(text.splitlines(keepends=True), strict=False)
    except (NotMachineReadableError, MachineReadableFormatError, ValueError):
        return None
    named = {paragraph.license.synopsis for paragraph in parsed.all_files_paragraphs() if paragraph.license}
    return tuple(sorted(" ".join(name.split()) for name in named if name)) or None


def _python(root: Path) -> list[PythonPackage]:
    found = {}
    for path in sorted(root.rglob("*.dist-info")):
        about = PathDistribution(path)
        name, version = about.metadata["Name"], about.metadata["Version"]
        if not name or not version:
            raise InputError(
                f"{path.relative_to(root)} has no METADATA with a name and a version, so nobody can say what it is; "
                "keep the *.dist-info folders whole when the image is made smaller."
            )
        found[name.lower().replace("_", "-")] = PythonPackage(name.lower().replace("_", "-"), version, _stated(about))
    return list(found.values())


def _stated(about: Distribution) -> str | None:
    """The licence that a distribution states: its expression (PEP 639), its short text, or its classifiers."""
    metadata = about.metadata
    expression, text = metadata["License-Expression"], (metadata["License"] or "").strip()
    if expression:
        return str(expression)
    if text and "\n" not in text:
        return text
    named = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    return " AND ".join(named) or None


def _model(root: Path) -> Model:
    told = _json(root, f"{HOME}/model/model.json")
    network = root / HOME / "model/model.onnx"
    licence = licence_of(network) if network.is_file() else None
    return Model(str(told["name"]), told.get("sha256"), licence, bool(told.get("is_mock")))


def _text(root: Path, name: str) -> str:
    try:
        return (root / name).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"{root} is not the file system of an image made by Slipway: {name}: {error.strerror}; give --root the "
            "folder that the image is unpacked to."
        ) from None


def _json(root: Path, name: str) -> Any:
    try:
        return json.loads(_text(root, name))
    except ValueError as error:
        raise InputError(f"{name} of the image is not JSON ({error}); build the image again.") from None
