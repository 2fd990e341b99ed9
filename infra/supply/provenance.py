"""Where an image comes from: an in-toto statement with SLSA provenance.

Source: in-toto Statement v1; SLSA v1.0, "Provenance", predicate type https://slsa.dev/provenance/v1. It has no times:
the same image from the same commit has the same provenance.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:slipway:image:v1"
"""The parameters are `platform`, `device` and the commit; the inputs are those of the image's build.json."""
SBOM = "sbom.cdx.json"


@dataclass(frozen=True)
class Origin:
    """Who built it from what: the builder as a URI, the commit, and the lock files."""

    builder: str
    commit: str
    locks: tuple[Path, ...]


def statement(name: str, digest: str, origin: Origin, inputs: dict[str, str], sbom: bytes) -> dict[str, Any]:
    """The statement about the image with a manifest's `digest`; `inputs` are those of its build.json.

    The SBOM is a by-product with its SHA-256, so whoever signs the statement vouches for it too.
    """
    commit, _, dirty = origin.commit.partition("-")
    parameters = {key: inputs[key] for key in ("platform", "device") if key in inputs}
    source = {"name": "source", "digest": {"gitCommit": commit}, "annotations": {"dirty": bool(dirty)}}
    locks = [{"name": path.name, "digest": {"sha256": _sha256(path.read_bytes())}} for path in origin.locks]
    parts = [
        {"name": key, "digest": {"sha256": value.removeprefix("sha256:")}}
        if value.startswith("sha256:")
        else {"name": key, "uri": f"docker:{value}"}
        for key, value in inputs.items()
        if key not in parameters
    ]
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": digest.removeprefix("sha256:")}}],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": parameters | {"commit": origin.commit},
                "internalParameters": {},
                "resolvedDependencies": [source, *locks, *parts],
            },
            "runDetails": {
                "builder": {"id": origin.builder},
                "byproducts": [
                    {
                        "name": SBOM,
                        "digest": {"sha256": _sha256(sbom)},
                        "mediaType": "application/vnd.cyclonedx+json",
                    }
                ],
            },
        },
    }


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
