"""Takes the times out of an image's configuration: what is left of two builds of the same is the same digest.

The engine writes down when each layer was made (`created` and `history[].created` of the OCI image specification's
config.md); those of an image that is rebuilt elsewhere differ, though every layer is equal.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from infra.layout import Blob, read_layout

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = "1970-01-01T00:00:00Z"


def timeless(path: Path) -> str:
    """Rewrite configuration, manifest and index of the layout at `path`; the image's new digest."""
    layout = read_layout(path)
    manifest = json.loads(layout.manifest)
    config = json.loads(_file(path, manifest["config"]["digest"]).read_bytes())
    for made in (config, *config.get("history", [])):
        if "created" in made:
            made["created"] = EPOCH
    written = _replace(path, manifest["config"]["digest"], config)
    manifest["config"] |= {"digest": written.digest, "size": written.size}
    written = _replace(path, layout.digest, manifest)
    index = json.loads((path / "index.json").read_text())
    index["manifests"][0] |= {"digest": written.digest, "size": written.size}
    index["manifests"][0].pop("annotations", None)
    (path / "index.json").write_text(json.dumps(index))
    return written.digest


def _file(path: Path, digest: str) -> Path:
    return path / "blobs" / digest.replace(":", "/")


def _replace(path: Path, digest: str, content: dict[str, Any]) -> Blob:
    """Write a blob in the place of the one with `digest`."""
    data = json.dumps(content, separators=(",", ":")).encode()
    new = Blob(f"sha256:{hashlib.sha256(data).hexdigest()}", len(data))
    _file(path, digest).unlink()
    _file(path, new.digest).write_bytes(data)
    return new
