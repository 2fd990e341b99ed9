"""Reads an OCI image layout: a directory with `oci-layout`, `index.json` and `blobs/sha256/…`.

Source: OCI image specification, image-layout.md.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")


@dataclass(frozen=True)
class Blob:
    """A piece of an image: its digest and its size in bytes."""

    digest: str
    size: int


@dataclass(frozen=True)
class Layout:
    """The one image in a layout."""

    path: Path
    digest: str
    media_type: str
    manifest: bytes
    blobs: tuple[Blob, ...]

    @property
    def size(self) -> int:
        """Bytes of all blobs, as they travel."""
        return sum(blob.size for blob in self.blobs)


def read_layout(path: Path) -> Layout:
    """The image in the layout at `path`; InputError unless it is whole and exactly one Docker manifest."""
    index = _json(path, "index.json")
    manifests = index.get("manifests", [])
    if len(manifests) != 1:
        raise InputError(f"{path} holds {len(manifests)} images; publish takes one image for one platform.")
    descriptor = manifests[0]
    media_type, digest = str(descriptor.get("mediaType")), str(descriptor.get("digest"))
    if media_type != DOCKER_MANIFEST:
        kind = "an index of several platforms" if media_type in _INDEXES else media_type
        raise InputError(
            f"{path} holds {kind}, which SageMaker does not take; export it for one platform with Docker's media types "
            "(as_tarball(media_types=DOCKER, forced_compression=Gzip))."
        )
    blob = path / "blobs" / digest.replace(":", "/")
    try:
        raw = blob.read_bytes()
    except OSError as error:
        raise InputError(f"{path} lacks its manifest {digest}: {error.strerror}; export the image again.") from None
    if f"sha256:{hashlib.sha256(raw).hexdigest()}" != digest:
        raise InputError(
            f"the manifest in {path} is not the one that {digest} names: the layout is damaged; export the image again."
        )
    manifest = json.loads(raw)
    blobs = tuple(Blob(entry["digest"], entry["size"]) for entry in (manifest["config"], *manifest["layers"]))
    for piece in blobs:
        file = path / "blobs" / piece.digest.replace(":", "/")
        if not file.is_file() or file.stat().st_size != piece.size:
            raise InputError(
                f"{path} lacks {piece.digest} ({piece.size} bytes) or has it cut short; export the image again."
            )
    return Layout(path, digest, media_type, raw, tuple(dict.fromkeys(blobs)))


def _json(path: Path, name: str) -> Any:
    try:
        return json.loads((path / name).read_text())
    except OSError as error:
        raise InputError(
            f"{path} is not an OCI image layout: {name}: {error.strerror}; give the unpacked image tarball."
        ) from None
    except ValueError as error:
        raise InputError(f"{path / name} is not JSON ({error}); export the image again.") from None
