"""What uv.lock says."""

import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def locked(group: str) -> set[str]:
    """Names of all packages that a dependency group brings on Linux."""
    packages: dict[str, list[dict[str, Any]]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        packages.setdefault(package["name"], []).append(package)
    waiting: list[dict[str, Any]] = list(packages["slipway"][0]["dev-dependencies"][group])
    found: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        for package in [] if wanted["name"] in found else packages[wanted["name"]]:
            if wanted.get("version", package["version"]) != package["version"]:
                continue
            needs = package.get("dependencies", [])
            for extra in wanted.get("extra", []):
                needs = needs + package["optional-dependencies"][extra]
            waiting += [need for need in needs if "win32" not in need.get("marker", "")]
        found.add(wanted["name"])
    return found
