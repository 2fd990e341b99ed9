"""The verb as a whole: two servers, a folder of pictures, and gates that open and close."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main
from infra.contract.target import Target
from tests.unit.infra.servers import answering

TOML = 'project = "demo"\nregion = "eu-west-1"\n[gates]\nlatency_ratio = 3\n[environments.dev]\n'
CIRCLE = {"class_id": 0, "label": "circle", "score": 0.9, "box": [10.0, 10.0, 30.0, 30.0]}
SQUARE = {"class_id": 1, "label": "square", "score": 0.8, "box": [50.0, 50.0, 90.0, 90.0]}
LABELS = "0 0.2 0.2 0.2 0.2\n1 0.7 0.7 0.4 0.4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "slipway.toml").write_text(TOML)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(b"picture")
    return tmp_path


def regress(folder: Path, old: Target, new: Target, *words: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the result."""
    urls = [f"http://{one.host}:{one.port}" for one in (old, new)]
    files = ["--config", str(folder / "slipway.toml"), "--output", str(folder / "out.json")]
    pictures = ["--pictures", str(folder / "pictures"), "--seconds", "0.05"]
    code = main(["regress", "--env", "dev", "--old-url", urls[0], "--new-url", urls[1], *pictures, *files, *words])
    text = (folder / "out.json").read_text()
    return code, json.loads(text) if text else {}


def test_an_image_that_does_the_same_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering("one", [CIRCLE, SQUARE], 0.002) as old, answering("two", [CIRCLE, SQUARE], 0.002) as new:
        code, told = regress(folder, old, new)
    assert (code, told["passed"], told["builds"]) == (0, True, ["one", "two"])
    assert [gate["name"] for gate in told["gates"]] == ["latency_ratio", "score_difference", "disagreement"]
    out = capsys.readouterr().out
    assert out.startswith("## dev: the new image beside the live one")
    assert "none with labels" in out


def test_a_slower_image_is_refused_with_a_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Seen on a busy machine, too, whose other work falls on both.
    (folder / "slipway.toml").write_text(TOML.replace("latency_ratio = 3", "latency_ratio = 1.1"))
    with answering("one", [CIRCLE], 0.001) as old, answering("two", [CIRCLE], 0.03) as new:
        code, told = regress(folder, old, new)
    assert (code, told["passed"]) == (3, False)
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: the new image is worse than what is live in dev: the new image takes ")
    assert "(limit latency_ratio = 1.1)" in error


def test_an_object_that_is_lost_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with answering("one", [CIRCLE, SQUARE]) as old, answering("two", [CIRCLE]) as new:
        code, told = regress(folder, old, new)
    assert (code, told["agreement"]["disagreement"]) == (3, 0.5)
    assert "50.0% of the objects are found by one of both alone" in capsys.readouterr().err


def test_with_labels_another_model_is_judged_by_them(folder: Path) -> None:
    (folder / "pictures" / "a.txt").write_text(LABELS)
    with answering("one", [CIRCLE]) as old, answering("two", [CIRCLE, SQUARE], model="sha256:b") as new:
        better = regress(folder, old, new)
        worse = regress(folder, new, old)
    assert (better[0], better[1]["map50"], better[1]["labelled"]) == (0, [0.5, 1.0], 1)
    assert worse[0] == 3
    assert [gate["name"] for gate in worse[1]["gates"] if not gate["open"]] == ["map_drop"]


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ("0 0.5 0.5 2 0.1\n", "a.txt line 1 is '0 0.5 0.5 2 0.1'; write a class's number"),
        ("0 0.5\n", "a.txt line 1 is '0 0.5'"),
        ("7 0.5 0.5 0.1 0.1\n", "the labels of a.jpg have the class 7, and the model has the classes 0 to 1"),
    ],
)
def test_wrong_labels_are_told(folder: Path, labels: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pictures" / "a.txt").write_text(labels)
    with answering("one", [CIRCLE]) as old, answering("two", [CIRCLE]) as new:
        assert regress(folder, old, new)[0] == 2
    assert says in capsys.readouterr().err


def test_a_folder_without_pictures_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pictures" / "a.jpg").unlink()
    with answering("one", [CIRCLE]) as one:
        assert regress(folder, one, one)[0] == 2
    assert "there are no pictures in" in capsys.readouterr().err
