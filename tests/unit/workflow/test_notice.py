"""NOTICE names every package that the published image holds, with the licence that the package itself states."""

import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
# Licences that packages state in words of their own.
SPDX = {
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
}


def locked(group: str) -> set[str]:
    """Names of all packages that a dependency group brings on Linux, from uv.lock."""
    packages: dict[str, dict[str, Any]] = {
        package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    }
    waiting = [wanted["name"] for wanted in packages["slipway"]["dev-dependencies"][group]]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            needs = packages[name].get("dependencies", [])
            waiting += [need["name"] for need in needs if "win32" not in need.get("marker", "")]
    return found


def noticed() -> dict[str, str]:
    """Name and licence of every package that NOTICE lists."""
    lines = re.findall(r"^  ([a-z0-9-]+) {2,}(.+?)(?: \(.*\))?$", (ROOT / "NOTICE").read_text(), re.MULTILINE)
    return dict(lines)


def test_every_package_is_named_and_no_other() -> None:
    assert noticed().keys() == locked("inference")


@pytest.mark.parametrize(("name", "licence"), noticed().items())
def test_the_licence_is_the_package_s_own(name: str, licence: str) -> None:
    about = metadata(name).json
    # Some state the whole text, which its first line names.
    stated = str(about.get("license_expression") or about.get("license")).partition("\n")[0]
    assert SPDX.get(stated, stated) == licence


@pytest.mark.parametrize("name", ["ultralytics", "torch", "torchvision"])
def test_the_image_holds_neither_trainer_nor_torch(name: str) -> None:
    assert name not in locked("inference")
