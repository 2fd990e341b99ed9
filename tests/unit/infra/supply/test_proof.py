"""Signatures and attestations: what is whole is proven, what is not is not."""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from infra.errors import InputError
from infra.layout import DOCKER_MANIFEST
from infra.registry import Manifest, Repository
from infra.supply import cosign
from infra.supply.errors import Unproven
from infra.supply.keys import private_key, public_key, public_pem
from infra.supply.proof import prove
from infra.supply.provenance import Origin, statement
from tests.unit.infra.supply.conftest import INPUTS, pem

DIGEST = f"sha256:{'1' * 64}"


def stated(tmp_path: Path, commit: str = "abc") -> dict[str, Any]:
    lock = tmp_path / "uv.lock"
    lock.write_text("locked")
    return statement("slipway", DIGEST, Origin("https://builder.example.com", commit, (lock,)), INPUTS, b"{}")


def test_a_signature_is_its_key_s_alone(key: ec.EllipticCurvePrivateKey) -> None:
    layer = cosign.signature(key, "slipway", DIGEST)
    assert cosign.signs(key.public_key(), layer, DIGEST)
    assert not cosign.signs(ec.generate_private_key(ec.SECP256R1()).public_key(), layer, DIGEST)


def test_a_signature_is_for_one_image(key: ec.EllipticCurvePrivateKey) -> None:
    layer = cosign.signature(key, "slipway", DIGEST)
    assert not cosign.signs(key.public_key(), layer, f"sha256:{'2' * 64}")
    # Another digest in a payload that was signed before.
    moved = dataclasses.replace(layer, content=layer.content.replace(b"1" * 64, b"2" * 64))
    assert not cosign.signs(key.public_key(), moved, f"sha256:{'2' * 64}")


@pytest.mark.parametrize(
    "damage", [{"content": b"{"}, {"content": b"[]"}, {"annotations": {}}, {"annotations": {cosign.SIGNATURE: "!"}}]
)
def test_damage_is_no_signature(key: ec.EllipticCurvePrivateKey, damage: dict[str, Any]) -> None:
    layer = dataclasses.replace(cosign.signature(key, "slipway", DIGEST), **damage)
    assert not cosign.signs(key.public_key(), layer, DIGEST)


def test_signing_again_makes_nothing_new(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> None:
    """Tags in the registry never move: a second publish has to give the same bytes."""
    assert cosign.signature(key, "slipway", DIGEST) == cosign.signature(key, "slipway", DIGEST)
    assert cosign.attestation(key, stated(tmp_path)) == cosign.attestation(key, stated(tmp_path))


def test_an_attestation_gives_its_statement_back(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> None:
    layer = cosign.attestation(key, stated(tmp_path))
    assert cosign.attested(key.public_key(), layer) == stated(tmp_path)
    assert cosign.attested(ec.generate_private_key(ec.SECP256R1()).public_key(), layer) is None


def test_an_attestation_that_was_edited_is_none(key: ec.EllipticCurvePrivateKey, tmp_path: Path) -> None:
    layer = cosign.attestation(key, stated(tmp_path))
    envelope = json.loads(layer.content)
    forged = json.dumps(stated(tmp_path, commit="evil")).encode()
    envelope["payload"] = base64.b64encode(forged).decode()
    edited = dataclasses.replace(layer, content=json.dumps(envelope).encode())
    assert cosign.attested(key.public_key(), edited) is None
    assert cosign.attested(key.public_key(), dataclasses.replace(layer, content=b"no envelope")) is None


def test_the_statement_names_commit_inputs_locks_and_sbom(tmp_path: Path) -> None:
    told = stated(tmp_path, commit="abc-dirty")
    assert told["subject"] == [{"name": "slipway", "digest": {"sha256": "1" * 64}}]
    built = told["predicate"]["buildDefinition"]
    named = {one["name"]: one for one in built["resolvedDependencies"]}
    assert named["source"] == {"name": "source", "digest": {"gitCommit": "abc"}, "annotations": {"dirty": True}}
    assert named["code"]["digest"]["sha256"] == "12" * 32
    assert len(named["uv.lock"]["digest"]["sha256"]) == 64
    assert built["externalParameters"] == {"platform": "linux/amd64", "device": "cpu", "commit": "abc-dirty"}
    [sbom] = told["predicate"]["runDetails"]["byproducts"]
    assert sbom["name"] == "sbom.cdx.json"


@pytest.mark.parametrize("kind", ["nonsense", "rsa", "other curve", "passphrase", "public"])
def test_keys_that_cannot_sign_are_told(key: ec.EllipticCurvePrivateKey, kind: str) -> None:
    given = {
        "nonsense": b"not a key",
        "rsa": rsa.generate_private_key(65537, 2048).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        "other curve": pem(ec.generate_private_key(ec.SECP384R1())),
        "passphrase": pem(key, serialization.BestAvailableEncryption(b"x")),
        "public": public_pem(key),
    }[kind]
    with pytest.raises(InputError, match="the signing key is"):
        private_key(given)


def test_a_public_key_has_to_be_one() -> None:
    with pytest.raises(InputError, match=r"verify\.pem is not a public key"):
        public_key(b"nonsense", "verify.pem")


@pytest.mark.parametrize(
    "content", [{"layers": [{}]}, {"layers": [3]}, {"layers": None}, {"layers": [{"mediaType": "x", "digest": 3}]}]
)
def test_what_a_stranger_pushed_in_place_of_a_proof_is_none(
    key: ec.EllipticCurvePrivateKey, monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    monkeypatch.setattr(Repository, "manifest", lambda *_: Manifest(DIGEST, DOCKER_MANIFEST, content))
    monkeypatch.setattr(Repository, "blob", lambda _, digest: digest.encode())
    with pytest.raises(Unproven, match="no signature of it is by this public key"):
        prove(Repository("uri", "host", "slipway"), DIGEST, key.public_key())
