"""The data set on disk."""

from pathlib import Path

import pytest
import yaml
from PIL import Image

from inference.model import dataset, shapes


def test_both_splits_are_written_with_labels_and_described(tmp_path: Path) -> None:
    path = dataset.write(tmp_path, seed=0, size=96, training=5, validation=3)
    described = yaml.safe_load(path.read_text())
    assert described["names"] == dict(enumerate(shapes.LABELS))
    assert Path(described["path"]) == tmp_path
    for split, count in ((described["train"], 5), (described["val"], 3)):
        pictures = sorted((tmp_path / split).iterdir())
        assert len(pictures) == count
        for picture in pictures:
            assert Image.open(picture).size == (96, 96)
            label = tmp_path / split.replace("images", "labels") / f"{picture.stem}.txt"
            lines = label.read_text().splitlines()
            assert lines
            for line in lines:
                class_id, *numbers = line.split()
                assert int(class_id) in range(len(shapes.LABELS))
                assert all(0 < float(number) < 1 for number in numbers)


def test_no_validation_picture_is_trained_on(tmp_path: Path) -> None:
    dataset.write(tmp_path, seed=0, size=64, training=20, validation=20)
    training = {path.read_bytes() for path in (tmp_path / "images/train").iterdir()}
    validation = {path.read_bytes() for path in (tmp_path / "images/val").iterdir()}
    assert len(training) == len(validation) == 20
    assert not training & validation


def test_a_label_line_is_centre_and_size_in_fractions() -> None:
    line = dataset.label_line(shapes.Shape(2, (40.0, 20.0, 80.0, 60.0)), 160)
    class_id, *numbers = line.split()
    assert class_id == "2"
    assert [float(number) for number in numbers] == pytest.approx([0.375, 0.25, 0.25, 0.25])
