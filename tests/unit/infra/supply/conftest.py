"""A file system as Slipway's images have it, small; a project's slipway.toml; an OCI layout; keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.config import Config, load

STATUS = """\
Package: libssl3t64
Status: install ok installed
Architecture: amd64
Source: openssl
Version: 3.5.1-1

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc (2.41-12)
Version: 2.41-12+b1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: Apache-2.0

Files: debian/*
Copyright: somebody else
License: GPL-2+
 text
"""
PYTHON = {
    "numpy": ("2.5.5", "License-Expression: BSD-3-Clause AND 0BSD"),
    "Typing_Extensions": ("4.16.0", "Classifier: License :: OSI Approved :: Python Software Foundation License"),
}
MODEL = {"name": "tiny", "task": "detect", "image_size": 320, "labels": ["circle"], "sha256": "ab" * 32}
INPUTS = {"base": "debian:trixie-slim", "platform": "linux/amd64", "device": "cpu", "code": f"sha256:{'12' * 32}"}
# ModelProto with the one entry {"license": "AGPL-3.0 License (https://ultralytics.com/license)"} in metadata_props.
TEXT = b"AGPL-3.0 License (https://ultralytics.com/license)"
ENTRY = b"\x0a\x07license\x12" + bytes([len(TEXT)]) + TEXT
ONNX = b"\x08\x09" + b"\x72" + bytes([len(ENTRY)]) + ENTRY


def add_python(root: Path, name: str, version: str, stated: str) -> None:
    folder = root / f"opt/slipway/site-packages/{name.lower()}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{stated}\n")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The unpacked image."""
    root = tmp_path / "root"
    for name, text in {
        "etc/os-release": 'ID=debian\nVERSION_ID="13"\n',
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/libssl3t64/copyright": COPYRIGHT,
        "usr/share/doc/libc6/copyright": "free text\n",
        "opt/slipway/build.json": json.dumps({"build": "b" * 64, "inputs": INPUTS}),
        "opt/slipway/model/model.json": json.dumps(MODEL),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "opt/slipway/model/model.onnx").write_bytes(ONNX)
    for name, (version, stated) in PYTHON.items():
        add_python(root, name, version, stated)
    return root


@pytest.fixture
def configured(tmp_path: Path) -> Callable[[str], Config]:
    """slipway.toml with something added, read."""

    def make(more: str = "") -> Config:
        path = tmp_path / "slipway.toml"
        path.write_text(f'project = "demo"\nregion = "eu-west-1"\n\n[environments.dev]\n\n{more}')
        return load(path)

    return make


@pytest.fixture(scope="session")
def key() -> ec.EllipticCurvePrivateKey:
    """A key to sign with."""
    return ec.generate_private_key(ec.SECP256R1())


def pem(key: ec.EllipticCurvePrivateKey, protection: serialization.KeySerializationEncryption | None = None) -> bytes:
    """A private key as a file."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        protection or serialization.NoEncryption(),
    )
