"""The software bill of materials: an image's inventory as CycloneDX 1.6, checked against its schema."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from infra.errors import InputError
from infra.supply.spdx import normal

if TYPE_CHECKING:
    from pathlib import Path

    from cyclonedx.model.license import License

    from infra.supply.inventory import Inventory

NAMESPACE = uuid.UUID("8f3f2b52-6c0f-4f0e-9a0b-2a4d5a0a7c11")
"""Of serial numbers: an image of one digest has one bill, whoever writes it and whenever."""


def bill(inventory: Inventory, name: str, digest: str) -> str:
    """CycloneDX JSON of the image `name` with a manifest's `digest`; it has no time: equal images, equal text."""
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, digest))
    # The library would write down now.
    bom.metadata.timestamp = None  # type: ignore[assignment]
    image = PackageURL("oci", None, name, digest)
    bom.metadata.component = Component(
        name=name,
        version=digest,
        type=ComponentType.CONTAINER,
        bom_ref=str(image),
        purl=image,
        properties=[Property(name=f"slipway:input:{key}", value=value) for key, value in inventory.inputs.items()],
    )
    parts = [*_debian(inventory), *_python(inventory), _model(inventory), _code(inventory)]
    bom.components.update(parts)
    bom.register_dependency(bom.metadata.component, parts)
    text: str = JsonV1Dot6(bom).output_as_string(indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise AssertionError(f"the bill does not fit the schema of CycloneDX 1.6: {wrong}")
    return text


def read(path: Path) -> dict[str, Any]:
    """A bill that was written before; InputError unless it is CycloneDX 1.6."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; name the SBOM that `sbom` wrote.") from None
    try:
        wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        loaded: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise InputError(f"{path} is not JSON ({error}); write the SBOM again.") from None
    if wrong:
        said = str(wrong).splitlines()[0]
        raise InputError(f"{path} is not CycloneDX 1.6: {said}; write the SBOM again.")
    return loaded


def _licenses(*stated: str | None) -> list[License]:
    factory = LicenseFactory()
    return [factory.make_from_string(normal(one)) for one in stated if one]


def _debian(inventory: Inventory) -> list[Component]:
    family, version = inventory.distribution
    made = []
    for one in inventory.debian:
        qualifiers = {
            "arch": one.architecture,
            "distro": f"{family}-{version}",
            "upstream": f"{one.source}@{one.source_version}",
        }
        purl = PackageURL("deb", family, one.name, one.version, qualifiers)
        # More than one expression is not allowed by the schema; names of Debian's are no expressions anyway.
        named = one.licences or ()
        licences = [LicenseFactory().make_with_name(name) for name in named]
        made.append(
            Component(
                name=one.name,
                version=one.version,
                type=ComponentType.LIBRARY,
                bom_ref=str(purl),
                purl=purl,
                licenses=licences,
            )
        )
    return made


def _python(inventory: Inventory) -> list[Component]:
    made = []
    for one in inventory.python:
        purl = PackageURL("pypi", None, one.name, one.version)
        made.append(
            Component(
                name=one.name,
                version=one.version,
                type=ComponentType.LIBRARY,
                bom_ref=str(purl),
                purl=purl,
                licenses=_licenses(one.licence),
            )
        )
    return made


def _model(inventory: Inventory) -> Component:
    model = inventory.model
    return Component(
        name=model.name,
        version=f"sha256:{model.sha256}" if model.sha256 else "mock",
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref="model",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=model.sha256)] if model.sha256 else [],
        licenses=_licenses(model.licence),
        properties=[Property(name="slipway:mock", value=str(model.is_mock).lower())],
    )


def _code(inventory: Inventory) -> Component:
    return Component(
        name="slipway-inference",
        version=inventory.build,
        type=ComponentType.APPLICATION,
        bom_ref="code",
        licenses=_licenses("Apache-2.0"),
    )
