"""What lies beside an image, as cosign lays it out: three small OCI images with tags made from its digest.

Source: sigstore/cosign specs/SIGNATURE_SPEC.md, ATTESTATION_SPEC.md, SBOM_SPEC.md; DSSE, protocol.md. The image's own
manifest stays what it is, so SageMaker and Lambda take it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.supply.keys import sign, signed

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

KINDS = ("sbom", "att", "sig")
"""In the order in which they are pushed: where there is a signature there is all of it."""
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
ENVELOPE = "application/vnd.dsse.envelope.v1+json"
CYCLONEDX = "application/vnd.cyclonedx+json"
IN_TOTO = "application/vnd.in-toto+json"
PUBLIC_KEY = "public.pem"
"""Beside the three layouts that `sign` writes: the other half of the key that they were signed with."""
SIGNATURE = "dev.cosignproject.cosign/signature"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_TYPE = "cosign container image signature"


@dataclass(frozen=True)
class Layer:
    """The one layer of such an image."""

    media_type: str
    content: bytes
    annotations: dict[str, str]


def tag(digest: str, kind: str) -> str:
    """`sha256-<hex>.sig` and so on."""
    return f"{digest.replace(':', '-')}.{kind}"


def signature(key: ec.EllipticCurvePrivateKey, name: str, digest: str) -> Layer:
    """Signed: the image `name` is the one with `digest`."""
    critical = {
        "identity": {"docker-reference": name},
        "image": {"docker-manifest-digest": digest},
        "type": _TYPE,
    }
    payload = _json({"critical": critical, "optional": None})
    return Layer(PAYLOAD, payload, {SIGNATURE: base64.b64encode(sign(key, payload)).decode()})


def attestation(key: ec.EllipticCurvePrivateKey, statement: dict[str, Any]) -> Layer:
    """A signed in-toto statement, in a DSSE envelope."""
    payload = _json(statement)
    envelope = {
        "payloadType": IN_TOTO,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": "", "sig": base64.b64encode(sign(key, _encoded(payload))).decode()}],
    }
    return Layer(ENVELOPE, _json(envelope), {SIGNATURE: "", "predicateType": statement["predicateType"]})


def bill(sbom: bytes) -> Layer:
    """The SBOM as it is; that it is the right one is in the provenance."""
    return Layer(CYCLONEDX, sbom, {})


def signs(key: ec.EllipticCurvePublicKey, layer: Layer, digest: str) -> bool:
    """Whether a layer is that key's signature of the image with `digest`."""
    encoded = layer.annotations.get(SIGNATURE, "")
    try:
        critical = json.loads(layer.content)["critical"]
        claimed = (critical["image"]["docker-manifest-digest"], critical["type"])
        proof = base64.b64decode(encoded, validate=True)
    except (ValueError, KeyError, TypeError):
        return False
    return claimed == (digest, _TYPE) and signed(key, proof, layer.content)


def attested(key: ec.EllipticCurvePublicKey, layer: Layer) -> dict[str, Any] | None:
    """The statement in a DSSE envelope that the key has signed; None if it has not, or it is none."""
    try:
        envelope = json.loads(layer.content)
        payload = base64.b64decode(envelope["payload"], validate=True)
        proofs = [base64.b64decode(one["sig"], validate=True) for one in envelope["signatures"]]
        if envelope["payloadType"] != IN_TOTO or not any(signed(key, proof, _encoded(payload)) for proof in proofs):
            return None
        statement = json.loads(payload)
    except (ValueError, KeyError, TypeError):
        return None
    return statement if isinstance(statement, dict) else None


def write(folder: Path, layer: Layer) -> None:
    """An OCI layout with an image of one layer."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(media_type: str, data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "size": len(data), "digest": f"sha256:{digest}"}

    described = blob(layer.media_type, layer.content)
    rootfs = {"type": "layers", "diff_ids": [described["digest"]]}
    config = blob(_CONFIG, _json({"architecture": "", "os": "", "config": {}, "rootfs": rootfs}))
    layers = [described | ({"annotations": layer.annotations} if layer.annotations else {})]
    manifest = blob(_MANIFEST, _json({"schemaVersion": 2, "mediaType": _MANIFEST, "config": config, "layers": layers}))
    (folder / "index.json").write_bytes(_json({"schemaVersion": 2, "manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(IN_TOTO), IN_TOTO.encode(), len(payload), payload)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
