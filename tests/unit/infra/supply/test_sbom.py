"""What an image holds, as CycloneDX: packages with where they come from, the model, our code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.errors import InputError
from infra.supply.inventory import take
from infra.supply.sbom import bill, read
from tests.unit.infra.supply.conftest import MODEL

DIGEST = f"sha256:{'1' * 64}"


def component(root: Path, name: str) -> dict[str, Any]:
    found = json.loads(bill(take(root), "slipway", DIGEST))["components"]
    [one] = [each for each in found if each["name"] == name]
    return dict(one)


def licences(one: dict[str, Any]) -> list[str]:
    return [each.get("expression") or next(iter(each["license"].values())) for each in one["licenses"]]


def test_debian_s_package_names_its_source_for_advisories(root: Path) -> None:
    assert "upstream=openssl%403.5.1-1" in component(root, "libssl3t64")["purl"]
    # A rebuild (+b1) has the version of the source that it was made from.
    assert "upstream=glibc%402.41-12&" in component(root, "libc6")["purl"] + "&"
    assert "distro=debian-13" in component(root, "libc6")["purl"]


def test_a_removed_package_is_not_in_it(root: Path) -> None:
    assert {one.name for one in take(root).debian} == {"libc6", "libssl3t64"}


def test_licences_are_read_where_a_machine_can(root: Path) -> None:
    assert licences(component(root, "libssl3t64")) == ["Apache-2.0", "GPL-2+"]
    assert "licenses" not in component(root, "libc6")
    assert licences(component(root, "numpy")) == ["BSD-3-Clause AND 0BSD"]
    assert licences(component(root, "typing-extensions")) == ["PSF-2.0"]


def test_the_model_has_its_hash_and_the_licence_that_its_file_states(root: Path) -> None:
    model = component(root, "tiny")
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": MODEL["sha256"]}]
    assert licences(model) == ["AGPL-3.0-only"]


def test_a_mock_says_so_and_has_no_hash(root: Path) -> None:
    (root / "opt/slipway/model/model.onnx").unlink()
    (root / "opt/slipway/model/model.json").write_text('{"name": "mock", "is_mock": true}')
    model = component(root, "mock")
    assert "hashes" not in model
    assert model["properties"] == [{"name": "slipway:mock", "value": "true"}]


def test_the_same_image_has_the_same_bill(root: Path) -> None:
    assert bill(take(root), "slipway", DIGEST) == bill(take(root), "slipway", DIGEST)
    assert bill(take(root), "slipway", DIGEST) != bill(take(root), "slipway", f"sha256:{'2' * 64}")


def test_a_stripped_dist_info_is_told(root: Path) -> None:
    (root / "opt/slipway/site-packages/numpy-2.5.5.dist-info/METADATA").unlink()
    with pytest.raises(InputError, match=r"numpy-2.5.5.dist-info has no METADATA"):
        take(root)


def test_what_is_no_image_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the file system of an image"):
        take(tmp_path)


def test_a_network_that_is_none_is_told(root: Path) -> None:
    (root / "opt/slipway/model/model.onnx").write_bytes(b"\xff\xff not a model")
    with pytest.raises(InputError, match="not an ONNX model"):
        take(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [("{", "is not JSON"), ('{"bomFormat": "SPDX"}', "is not CycloneDX 1.6"), (None, "cannot be read")],
)
def test_a_bill_that_is_none_is_told(tmp_path: Path, text: str | None, said: str) -> None:
    path = tmp_path / "sbom.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match=said):
        read(path)
