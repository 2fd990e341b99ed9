"""Layouts are the same bytes for the same input, and hold no dead blobs."""

import hashlib
import json
import os
import tarfile
from pathlib import Path

import pytest

from engine import debian
from engine.oci import Layout, pack, sha256


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "b" / "__pycache__").mkdir(parents=True)
    (root / "b" / "__pycache__" / "x.pyc").write_bytes(b"0")
    (root / "doc").mkdir()
    (root / "doc" / "page").write_text("long")
    (root / "b" / "file").write_text("b")
    (root / "a").write_text("a")
    (root / "a").chmod(0o755)
    (root / "link").symlink_to("a")
    return root


def test_a_tar_depends_on_names_modes_and_contents_alone(tree: Path, tmp_path: Path) -> None:
    pack(tmp_path / "1.tar", {"usr/x": tree}, frozenset({tree / "doc"}))
    for path in tree.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    pack(tmp_path / "2.tar", {"usr/x": tree}, frozenset({tree / "doc"}))
    assert sha256(tmp_path / "1.tar") == sha256(tmp_path / "2.tar")
    with tarfile.open(tmp_path / "1.tar") as tar:
        assert tar.getnames() == ["usr/x", "usr/x/a", "usr/x/b", "usr/x/b/file", "usr/x/link"]
        assert tar.getmember("usr/x/a").mode == 0o755
        assert tar.getmember("usr/x/link").linkname == "a"
    (tree / "a").write_text("other")
    pack(tmp_path / "3.tar", {"usr/x": tree}, frozenset({tree / "doc"}))
    assert sha256(tmp_path / "3.tar") != sha256(tmp_path / "1.tar")


def test_an_image_is_found_by_name_and_every_digest_is_right(tree: Path, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")
    pack(tmp_path / "layer.tar", {"x": tree})
    layer = layout.add_layer(tmp_path / "layer.tar")
    digest = layout.add_image("one", [layer], architecture="amd64", env=["A=b"], command=["bash"])
    assert layout.images() == {"one": digest}
    manifest = layout.manifest(digest)
    for part in (manifest["config"], *manifest["layers"]):
        data = layout.blob(part["digest"]).read_bytes()
        assert "sha256:" + hashlib.sha256(data).hexdigest() == part["digest"]
        assert len(data) == part["size"]
    config = json.loads(layout.blob(manifest["config"]["digest"]).read_text())
    assert config["rootfs"]["diff_ids"] == [layer.digest]


def test_replacing_one_image_keeps_the_other_and_drops_dead_blobs(tree: Path, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "layout")

    def add(name: str, text: str) -> str:
        (tree / "a").write_text(text)
        pack(tmp_path / "layer.tar", {"x": tree})
        return layout.add_image(name, [layout.add_layer(tmp_path / "layer.tar")], architecture="amd64", env=[])

    go, _ = add("go", "1"), add("python", "2")
    python = add("python", "3")
    assert layout.images() == {"go": go, "python": python}
    assert len(list((tmp_path / "layout/blobs/sha256").iterdir())) == 6


def test_the_base_image_is_slim_and_trusts_what_the_host_trusts(tmp_path: Path) -> None:
    authority = tmp_path / "our authority.crt"
    command = debian.arguments(tmp_path / "base.tar", ["ca-certificates"], [authority])
    assert "--dpkgopt=path-exclude=/usr/share/man/*" in command
    assert "--dpkgopt=path-include=/usr/share/doc/*/copyright" in command
    assert any(f"'{authority}'" in argument for argument in command), "a name with a blank must be quoted"
    assert not any("update-ca-certificates" in part for part in debian.arguments(tmp_path / "base.tar", [], []))
