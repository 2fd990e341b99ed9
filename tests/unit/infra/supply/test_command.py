"""`python -m infra.supply`: exit codes, sentences, and the files that the pipeline has to bring along."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slipway.supply import CODE

from infra.supply.__main__ import main
from tests.unit.imports import ROOT, reached
from tests.unit.infra.supply.conftest import add_python
from tests.unit.infra.supply.test_layouts import layout


def test_the_pipeline_brings_just_the_files_that_are_imported() -> None:
    seen = reached((ROOT / "infra/supply/__main__.py", ROOT / "infra/supply/__init__.py"), "infra")
    assert {str(file.relative_to(ROOT / "infra")) for file in seen} == set(CODE)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return layout(tmp_path / "layout", "2026-01-01T00:00:00Z", {"a": b"1"})


def test_the_report_goes_out_although_the_gate_is_closed(
    root: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_python(root, "ultralytics", "8.4.190", "License-Expression: AGPL-3.0-only")
    sbom, out, config = tmp_path / "sbom.json", tmp_path / "licenses.json", tmp_path / "slipway.toml"
    config.write_text('project = "demo"\nregion = "eu-west-1"\n\n[environments.dev]\n')
    made = ["sbom", "--root", str(root), "--layout", str(image), "--name", "slipway", "--output", str(sbom)]
    assert main(made) == 0
    assert main(["licenses", "--sbom", str(sbom), "--config", str(config), "--output", str(out)]) == 3
    told = capsys.readouterr()
    assert "| ultralytics | 8.4.190 |" in told.out
    assert told.err.startswith("error: the image holds Python packages")
    assert json.loads(out.read_text())["refused"] == ["ultralytics"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sbom"], "are required"),
        (["scan", "--sbom", "nowhere.json", "--config", "slipway.toml"], "nowhere.json cannot be read"),
        (["scan", "--sbom", "x", "--config", "slipway.toml", "--fail-on", "banana"], "'banana' is not a severity"),
        (["sing"], "invalid choice"),
    ],
)
def test_wrong_words_are_told(capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_a_key_that_is_away_is_told(image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sign", "--layout", str(image), "--name", "slipway", "--sbom", "x", "--provenance", "x"]
    assert main([*words, "--key", str(tmp_path / "away"), "--output", str(tmp_path / "out")]) == 2
    assert "the signing key cannot be read" in capsys.readouterr().err
