"""The same network in fewer bits: what it finds, what it weighs, what it is called."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from inference.model import answers, directory
from inference.model.errors import InputError
from inference.model.matching import match
from inference.model.precision import main
from tests.contract.tiny_model import write_tiny_model


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    noise = np.random.default_rng(0)
    for index in range(4):
        pixels = noise.integers(0, 90, (64, 64, 3), np.uint8)
        pixels[8 * index : 8 * index + 16, 16:32, index % 3] = 255
        Image.fromarray(pixels).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_converted_model_sees_the_same(tmp_path: Path, pictures: Path, precision: str) -> None:
    model, out = write_tiny_model(tmp_path / "model"), tmp_path / "out"
    words = ["--model", str(model), "--out", str(out), "--precision", precision, "--pictures", str(pictures)]
    assert main(words) == 0
    before, after = directory.load(model), directory.load(out)
    assert (after.model.name, after.model.digest == before.model.digest) == (f"tiny-{precision}", False)
    assert json.loads((out / "model.json").read_text())["precision"] == precision
    found = 0
    for path in pictures.iterdir():
        wanted, seen = (answers.answer(pipeline, path, 0.6) for pipeline in (before, after))
        pairs = match(wanted, seen)
        assert len(pairs) == len(wanted) == len(seen)
        assert all(pair.box_difference < 1 and pair.score_difference < 0.05 for pair in pairs)
        found += len(pairs)
    assert found >= 4
    types = {tensor.data_type for tensor in onnx.load(out / "model.onnx").graph.initializer}
    assert (onnx.TensorProto.FLOAT16 if precision == "fp16" else onnx.TensorProto.INT8) in types


def test_the_same_model_gives_the_same_bytes(tmp_path: Path, pictures: Path) -> None:
    model = write_tiny_model(tmp_path / "model")
    for name in ("one", "two"):
        words = ["--model", str(model), "--out", str(tmp_path / name), "--precision", "int8"]
        assert main([*words, "--pictures", str(pictures)]) == 0
    assert (tmp_path / "one/model.onnx").read_bytes() == (tmp_path / "two/model.onnx").read_bytes()


def test_what_cannot_be_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_tiny_model(tmp_path / "model")
    assert main(["--model", str(model), "--out", str(model), "--precision", "fp16"]) == InputError.exit_code
    assert "name another folder with --out" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    words = ["--model", str(empty), "--out", str(tmp_path / "out"), "--precision", "fp16"]
    assert main(words) == InputError.exit_code
    assert "model.json is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
