"""`python -m inference.model` from outside: files, exit codes, sentences."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from inference.model import train, weights
from inference.model.__main__ import main
from inference.model.errors import TrainingError
from inference.model.shapes import LABELS
from inference.modelfiles import read_model

CHECKPOINT = weights.Checkpoint(Path("best.pt"), "yolo11n-shapes", ("circle",), 160)


def test_a_mock_is_what_the_image_takes_for_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mock", "--out", str(tmp_path / "new")]) == 0
    assert "invented" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"model.json", "sample.jpg"}
    model = read_model(tmp_path / "new")
    assert model.is_mock
    assert model.labels == LABELS


def refused(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> str:
    """The sentence with which a command ends."""
    assert main([str(argument) for argument in arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    last = err.splitlines()[-1]
    assert last.startswith("error: ")
    assert last.endswith(".")
    return last


@pytest.mark.parametrize("verb", ["export", "parity", "sample"])
def test_weights_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str) -> None:
    bad = tmp_path / "notes.pt"
    bad.write_text("not a model")
    target = "--out" if verb == "export" else "--model"
    assert "no PyTorch checkpoint" in refused(capsys, 2, verb, "--weights", bad, target, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--image-size", "100"], "image size 100 does not fit.*multiple of 32"),
        (["--image-size", "0"], "image size 0 does not fit"),
        (["--image-size", "-32"], "image size -32"),
        (["--image-size", "8192"], "image size 8192"),
        (["--confidence", "0"], "confidence 0.0 is not between"),
        (["--confidence", "1.5"], "confidence 1.5 is not between"),
        (["--iou", "nan"], "iou nan is not between"),
        (["--name", ""], "name"),
    ],
)
def test_export_settings_that_cannot_be(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    sentence: str,
) -> None:
    monkeypatch.setattr(weights, "inspect", lambda _: CHECKPOINT)
    last = refused(capsys, 2, "export", "--weights", "best.pt", "--out", tmp_path / "out", *options)
    assert re.search(sentence, last)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["parity", "sample"])
def test_a_model_directory_that_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(weights, "inspect", lambda _: CHECKPOINT)
    assert "no model in" in refused(capsys, 2, verb, "--weights", "best.pt", "--model", tmp_path)
    main(["mock", "--out", str(tmp_path)])
    capsys.readouterr()
    assert "holds a mock" in refused(capsys, 2, verb, "--weights", "best.pt", "--model", tmp_path)


def test_training_below_the_bar_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "best.pt").write_bytes(b"weights")
    monkeypatch.setattr(train, "_fit", lambda *_: (tmp_path / "best.pt", (0.81, 0.6)))
    last = refused(capsys, 1, "train", "--out", tmp_path / "out", "--epochs", "3")
    assert "reached mAP50 0.81 in 3 epochs, below the 0.95 asked for" in last
    assert not (tmp_path / "out").exists()
    assert main(["train", "--out", str(tmp_path / "out"), "--minimum-map50", "0.8"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["best.pt", "metrics.json"]


def test_an_accuracy_that_is_not_a_number_is_below_any_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "_fit", lambda *_: (tmp_path / "best.pt", (float("nan"), 0.0)))
    with pytest.raises(TrainingError):
        train.train(tmp_path / "out")


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--epochs", "0", "at least one epoch"),
        ("--minimum-map50", "2", "between 0 and 1"),
        ("--minimum-map50", "nan", "between 0 and 1"),
        ("--seed", "-1", "seed"),
    ],
)
def test_training_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str, sentence: str
) -> None:
    assert sentence in refused(capsys, 2, "train", "--out", tmp_path / "out", option, value)


def test_a_missing_library_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "need torch" in refused(capsys, 1, "train", "--out", tmp_path / "out")


def test_a_folder_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert f"{tmp_path}/file" in refused(capsys, 1, "mock", "--out", tmp_path / "file" / "out")


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    names = ["train", "export", "parity", "sample", "weights", "description", "graph"]
    code = "import sys\n" + "".join(f"import inference.model.{name}\n" for name in names)
    code += "print(sorted({'torch', 'ultralytics', 'onnx', 'onnxslim', 'onnxruntime', 'cv2'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
