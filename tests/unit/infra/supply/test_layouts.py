"""The image without times, and two builds of it compared."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from infra.layout import DOCKER_MANIFEST, read_layout
from infra.supply.compare import compare
from infra.supply.errors import Unreproducible
from infra.supply.timeless import EPOCH, timeless


def layout(folder: Path, created: str, files: dict[str, bytes], mtime: int = 0) -> Path:
    """An image of one layer, made at a time."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def blob(data: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), mtime
            tar.addfile(entry, io.BytesIO(content))
    config = {"created": created, "history": [{"created": created, "created_by": "step"}], "config": {"Labels": {}}}
    manifest = {
        "mediaType": DOCKER_MANIFEST,
        "config": blob(json.dumps(config).encode()),
        "layers": [blob(gzip.compress(packed.getvalue(), mtime=0))],
    }
    described = blob(json.dumps(manifest).encode()) | {"mediaType": DOCKER_MANIFEST}
    (folder / "index.json").write_text(json.dumps({"manifests": [described | {"annotations": {"created": created}}]}))
    return folder


def test_the_time_of_a_build_leaves_no_trace(tmp_path: Path) -> None:
    one = layout(tmp_path / "one", "2026-01-01T00:00:00Z", {"a": b"1"})
    two = layout(tmp_path / "two", "2026-02-02T00:00:00Z", {"a": b"1"})
    assert read_layout(one).digest != read_layout(two).digest
    assert timeless(one) == timeless(two) == read_layout(one).digest
    assert (one / "index.json").read_bytes() == (two / "index.json").read_bytes()
    config = json.loads(read_layout(one).manifest)["config"]["digest"]
    told = json.loads((one / "blobs" / config.replace(":", "/")).read_text())
    assert told == {
        "created": EPOCH,
        "history": [{"created": EPOCH, "created_by": "step"}],
        "config": {"Labels": {}},
    }
    assert compare(one, two) == read_layout(one).digest


@pytest.mark.parametrize(
    ("files", "mtime", "said"),
    [
        ({"a": b"2"}, 0, "layer 1: a differs in content"),
        ({"a": b"1"}, 7, "layer 1: a differs in time"),
        ({"b": b"1"}, 0, "layer 1: a is in one of them only"),
    ],
)
def test_what_differs_is_named(tmp_path: Path, files: dict[str, bytes], mtime: int, said: str) -> None:
    one = layout(tmp_path / "one", EPOCH, {"a": b"1"})
    two = layout(tmp_path / "two", EPOCH, files, mtime)
    with pytest.raises(Unreproducible) as refused:
        compare(one, two)
    assert said in str(refused.value)


def test_a_difference_of_the_configuration_is_named(tmp_path: Path) -> None:
    one = layout(tmp_path / "one", EPOCH, {"a": b"1"})
    two = layout(tmp_path / "two", "2026-02-02T00:00:00Z", {"a": b"1"})
    with pytest.raises(Unreproducible, match="the configuration"):
        compare(one, two)
