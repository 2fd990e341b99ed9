"""The proof beside a published image: pushed with it, and asked for by whoever rolls it out."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import InputError
from infra.skopeo import push
from infra.supply.cosign import ENVELOPE, KINDS, PAYLOAD, PUBLIC_KEY, Layer, attested, signs, tag
from infra.supply.errors import Unproven
from infra.supply.keys import public_key
from infra.supply.provenance import PREDICATE, SBOM

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric import ec

    from infra.progress import Progress
    from infra.registry import Repository


@dataclass(frozen=True)
class Proof:
    """What the signed provenance of an image says; `components` is how many the SBOM lists."""

    digest: str
    builder: str
    commit: str
    components: int

    def to_markdown(self) -> str:
        """For people."""
        return (
            f"{self.digest} is signed; built by {self.builder} from commit {self.commit}; its SBOM lists "
            f"{self.components} components.\n"
        )


def attach(repository: Repository, digest: str, folder: Path, progress: Progress) -> Proof:
    """Push what `sign` wrote to `folder` beside the image, where it is not there yet, and prove it.

    Raises:
        Unproven: somebody else's signature lies there already, and tags never move.
    """
    key = read_key(folder / PUBLIC_KEY)
    tags = ", ".join(tag(digest, kind) for kind in KINDS)
    with progress.step("attach"):
        for kind in KINDS:
            name = tag(digest, kind)
            if repository.digest_of(name) is None:
                push(repository, folder / kind, name)
        try:
            proof = prove(repository, digest, key)
        except Unproven as error:
            raise Unproven(
                f"{error} Its tags never move, so it cannot be signed over: to replace them delete {tags} "
                f"in {repository.uri}, and publish again."
            ) from None
        progress.say(f"{digest} is signed: {tags}")
        return proof


def read_key(path: Path) -> ec.EllipticCurvePublicKey:
    """A public key from a file; InputError says why not."""
    try:
        return public_key(path.read_bytes(), path.name)
    except OSError as error:
        raise InputError(f"the public key {path} cannot be read: {error.strerror}; name another file.") from None


def prove(repository: Repository, digest: str, key: ec.EllipticCurvePublicKey) -> Proof:
    """What the image's provenance says, once signature, provenance and SBOM are the key's and about this image.

    Raises:
        Unproven: with everything that is missing or wrong.
    """
    found = {kind: _layers(repository, tag(digest, kind)) for kind in KINDS}
    wrong = [f"{tag(digest, kind)} is missing" for kind in KINDS if found[kind] is None]
    if found["sig"] is not None and not any(
        signs(key, one, digest) for one in found["sig"] if one.media_type == PAYLOAD
    ):
        wrong.append("no signature of it is by this public key")
    told = _provenance(key, found["att"] or [], digest)
    if found["att"] is not None and told is None:
        wrong.append("no provenance of it is signed by this public key")
    bill = _bill(told, found["sbom"] or []) if told else None
    if told and found["sbom"] is not None and bill is None:
        wrong.append("its SBOM is not the one that the signed provenance names")
    if wrong or told is None or bill is None:
        raise Unproven(
            f"{digest} in {repository.uri} is not proven: {'; '.join(wrong)}. Publish it with --signing-key, or check "
            "that the public key belongs to it."
        )
    builder = told["runDetails"].get("builder", {}).get("id", "somebody unnamed")
    commit = told.get("buildDefinition", {}).get("externalParameters", {}).get("commit", "unnamed")
    return Proof(digest, str(builder), str(commit), len(bill.get("components", ())))


def _layers(repository: Repository, name: str) -> list[Layer] | None:
    """The layers behind a tag, each checked against its digest; None if there is no such tag.

    Whoever may push can put anything there: what is no manifest of cosign's has no layers, and proves nothing.
    """
    try:
        manifest = repository.manifest(name)
        if manifest is None:
            return None
        return [
            Layer(one["mediaType"], repository.blob(one["digest"]), one.get("annotations") or {})
            for one in manifest.content.get("layers", ())
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _provenance(key: ec.EllipticCurvePublicKey, layers: list[Layer], digest: str) -> dict[str, Any] | None:
    for layer in layers:
        statement = attested(key, layer) if layer.media_type == ENVELOPE else None
        if statement is None or statement.get("predicateType") != PREDICATE:
            continue
        subjects = [one.get("digest", {}).get("sha256") for one in statement.get("subject", ())]
        if subjects == [digest.removeprefix("sha256:")]:
            predicate: dict[str, Any] = statement.get("predicate") or {}
            return predicate
    return None


def _bill(predicate: dict[str, Any], layers: list[Layer]) -> dict[str, Any] | None:
    """The SBOM whose SHA-256 the provenance names."""
    byproducts = predicate.get("runDetails", {}).get("byproducts", ())
    named = {one.get("digest", {}).get("sha256") for one in byproducts if one.get("name") == SBOM}
    for layer in layers:
        if hashlib.sha256(layer.content).hexdigest() in named:
            bill: dict[str, Any] = json.loads(layer.content)
            return bill
    return None
