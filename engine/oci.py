"""OCI image layouts, byte for byte the same for the same input (opencontainers/image-spec v1.1, image-layout.md)."""

import hashlib
import json
import shutil
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
REF = "org.opencontainers.image.ref.name"
EPOCH = 1735689600
"""Seconds; the time that everything in our images carries (2025-01-01), so that a rebuild gives the same digest."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Layer:
    """A layer's blob as the manifest names it, and the digest of its uncompressed tar as the configuration does."""

    media_type: str
    digest: str
    size: int
    diff_id: str


def sha256(file: Path) -> str:
    """The digest of a file, with its algorithm in front."""
    with file.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def pack(target: Path, folders: Mapping[str, Path], leave_out: frozenset[Path] = frozenset()) -> None:
    """Writes folders and files into a tar whose bytes depend on names, modes and contents alone.

    Args:
        target: the tar to write.
        folders: place in the image, without a leading slash → folder or file here.
        leave_out: folders and files that stay out, with all that is in them.
    """

    def level(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        info.mtime = EPOCH
        info.mode |= 0o200
        return info

    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar:
        for place, source in sorted(folders.items()):
            sources = [source, *sorted(source.rglob("*"))] if source.is_dir() else [source]
            for path in sources:
                if "__pycache__" in path.parts or leave_out.intersection((path, *path.parents)):
                    continue
                name = place if path == source else f"{place}/{path.relative_to(source)}"
                tar.add(path, name, recursive=False, filter=level)


class Layout:
    """A folder of blobs with an index of the images in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._blobs = root / "blobs" / "sha256"

    def blob(self, digest: str) -> Path:
        """The file of a blob."""
        return self._blobs / digest.removeprefix("sha256:")

    def images(self) -> dict[str, str]:
        """Name → digest of the manifest."""
        index = self.root / "index.json"
        if not index.is_file():
            return {}
        return {entry["annotations"][REF]: entry["digest"] for entry in json.loads(index.read_text())["manifests"]}

    def add_layer(self, file: Path, *, diff_id: str | None = None) -> Layer:
        """Moves a tar, or a gzipped one whose `diff_id` is given, into the layout."""
        digest = sha256(file)
        layer = Layer(LAYER + ("+gzip" if diff_id else ""), digest, file.stat().st_size, diff_id or digest)
        self._blobs.mkdir(parents=True, exist_ok=True)
        shutil.move(file, self.blob(digest))
        return layer

    def add_image(
        self, name: str, layers: Sequence[Layer], *, architecture: str, env: Sequence[str], command: Sequence[str] = ()
    ) -> str:
        """Writes configuration and manifest, names the image in the index, drops blobs that no image needs any more.

        Returns:
            The digest of the manifest.
        """
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Env": list(env), **({"Cmd": list(command)} if command else {})},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._add(CONFIG, config),
            "layers": [{"mediaType": one.media_type, "digest": one.digest, "size": one.size} for one in layers],
        }
        described = self._add(MANIFEST, manifest)
        others = [entry for entry in self._index() if entry["annotations"][REF] != name]
        index = {"schemaVersion": 2, "manifests": [*others, {**described, "annotations": {REF: name}}]}
        (self.root / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        (self.root / "index.json").write_text(json.dumps(index))
        self._prune()
        return str(described["digest"])

    def manifest(self, digest: str) -> dict[str, Any]:
        """A manifest's contents."""
        loaded: dict[str, Any] = json.loads(self.blob(digest).read_text())
        return loaded

    def _index(self) -> list[dict[str, Any]]:
        index = self.root / "index.json"
        entries: list[dict[str, Any]] = json.loads(index.read_text())["manifests"] if index.is_file() else []
        return entries

    def _add(self, media_type: str, value: object) -> dict[str, str | int]:
        data = json.dumps(value, sort_keys=True).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self._blobs.mkdir(parents=True, exist_ok=True)
        self.blob(digest).write_bytes(data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def _prune(self) -> None:
        needed = set()
        for digest in self.images().values():
            manifest = self.manifest(digest)
            needed |= {digest, manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])}
        for blob in self._blobs.iterdir():
            if f"sha256:{blob.name}" not in needed:
                blob.unlink()
