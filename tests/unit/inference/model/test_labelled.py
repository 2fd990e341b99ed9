"""Pictures with labels, for the models that they say something about."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from inference.model import held, labelled, shapes

MODEL: dict[str, Any] = {"is_mock": False, "labels": list(shapes.LABELS), "image_size": 64}


def model(folder: Path, **changes: object) -> Path:
    (folder / "model.json").write_text(json.dumps(MODEL | changes))
    return folder


def test_every_shape_has_a_line_at_its_place(tmp_path: Path) -> None:
    assert labelled.write(model(tmp_path), tmp_path / "out", 3)
    pictures = held.given(tmp_path / "out")
    assert len(pictures) == 3
    for index, path in enumerate(pictures):
        lines = path.with_suffix(".txt").read_text().splitlines()
        drawn = held.draw(labelled.FIRST, index, 64)
        assert len(lines) == len(drawn.shapes) > 0
        with Image.open(path) as image:
            width, height = image.size
        for line, shape in zip(lines, drawn.shapes, strict=True):
            class_id, x, y, wide, tall = (float(word) for word in line.split())
            box = ((x - wide / 2) * width, (y - tall / 2) * height, (x + wide / 2) * width, (y + tall / 2) * height)
            assert class_id == shape.class_id
            assert box == pytest.approx(shape.box, abs=0.01)


def test_a_mock_has_pictures_without_labels_and_another_model_none(tmp_path: Path) -> None:
    assert labelled.write(model(tmp_path, is_mock=True), tmp_path / "mock", 2)
    assert len(list((tmp_path / "mock").iterdir())) == 2
    assert not labelled.write(model(tmp_path, labels=["person"]), tmp_path / "other", 2)
    assert not list((tmp_path / "other").iterdir())
