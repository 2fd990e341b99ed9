"""The smoke test's picture."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.model import directory, reference, sample, weights
from inference.model.errors import InputError
from inference.model.matching import Detection

CHECKPOINT = weights.Checkpoint(Path("best.pt"), "m", ("circle",), 320)


MODEL = SimpleNamespace(image_size=320, confidence=0.25, iou=0.45, task="detect", rectangular=True)


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], list[Detection]]], None]:
    """Sets what ultralytics finds."""
    monkeypatch.setattr(MODEL, "task", "detect")
    monkeypatch.setattr(directory, "load", lambda _: SimpleNamespace(model=MODEL))
    monkeypatch.setattr(weights, "load", lambda _: None)

    def find(predict: Callable[[Path], list[Detection]]) -> None:
        monkeypatch.setattr(reference, "predict", lambda _yolo, path, *_: predict(path))

    return find


def several(count: int, score: float = 0.9) -> list[Detection]:
    return [Detection("circle", score, (1.0, 2.0, 3.0, 4.0))] * count


def picture(format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), (200, 30, 30)).save(file, format, **options)
    return file.getvalue()


def test_the_fullest_picture_without_a_doubtful_object_is_taken(tmp_path: Path, seen: Any) -> None:
    answers = {"2": several(3), "5": several(2), "6": several(4, score=0.27)}
    seen(lambda path: answers.get(path.stem, []))
    assert sample.sample(CHECKPOINT, tmp_path) == 3
    expected = json.loads((tmp_path / "sample.json").read_text())["detections"]
    assert expected == [{"label": "circle", "score": 0.9, "box": [1.0, 2.0, 3.0, 4.0]}] * 3
    written = Image.open(tmp_path / "sample.jpg")
    assert (written.format, written.size) == ("JPEG", (640, 480))


@pytest.mark.parametrize(
    ("task", "added", "told"),
    [
        ("pose", {"keypoints": ((1.0, 2.0, 0.5),)}, {"keypoints": [[1.0, 2.0, 0.5]]}),
        ("obb", {"corners": ((1.0, 2.0), (3.0, 2.0))}, {"corners": [[1.0, 2.0], [3.0, 2.0]]}),
        ("segment", {"mask": np.eye(1, dtype=bool)}, {"polygons": [[[0.0, 0.5], [0.5, 0.0], [0.5, 1.0], [1.0, 0.5]]]}),
    ],
)
def test_what_a_task_adds_is_expected_too(
    tmp_path: Path, seen: Any, task: str, added: dict[str, Any], told: dict[str, Any]
) -> None:
    MODEL.task = task
    seen(lambda _: [replace(one, **added) for one in several(1)])
    sample.sample(CHECKPOINT, tmp_path)
    content = json.loads((tmp_path / "sample.json").read_text())
    assert content["task"] == task
    (found,) = content["detections"]
    for name, value in told.items():
        assert (found[name] if name != "polygons" else [sorted(found[name][0])]) == value


def test_of_classes_the_surest_picture_is_taken(tmp_path: Path, seen: Any) -> None:
    MODEL.task = "classify"
    whole = (0.0, 0.0, 640.0, 480.0)

    def classes(best: float) -> list[Detection]:
        return [Detection("circle", best, whole), Detection("square", 1 - best, whole)]

    seen(lambda path: classes(0.9 if path.stem == "3" else 0.6))
    assert sample.sample(CHECKPOINT, tmp_path) == 2
    assert json.loads((tmp_path / "sample.json").read_text()) == {
        "task": "classify",
        "classifications": [{"label": "circle", "score": 0.9}, {"label": "square", "score": pytest.approx(0.1)}],
    }


def test_the_picture_is_the_same_each_time(tmp_path: Path, seen: Any) -> None:
    seen(lambda path: several(1))
    made = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        sample.sample(CHECKPOINT, tmp_path / name)
        made.append((tmp_path / name / "sample.jpg").read_bytes())
    assert made[0] == made[1]


def test_a_given_jpeg_is_kept_as_it_is(tmp_path: Path, seen: Any) -> None:
    seen(lambda path: several(1))
    given = tmp_path / "mine.jpeg"
    given.write_bytes(picture("JPEG", quality=70))
    assert sample.sample(CHECKPOINT, tmp_path, given) == 1
    assert (tmp_path / "sample.jpg").read_bytes() == given.read_bytes()


def test_another_format_becomes_an_upright_jpeg(tmp_path: Path, seen: Any) -> None:
    seen(lambda path: [])
    given = tmp_path / "mine.png"
    turned = Image.Exif()
    turned[0x0112] = 6
    given.write_bytes(picture("PNG", exif=turned))
    assert sample.sample(CHECKPOINT, tmp_path, given) == 0
    written = Image.open(tmp_path / "sample.jpg")
    assert (written.format, written.size) == ("JPEG", (60, 80))


@pytest.mark.parametrize("data", [b"", b"text", picture("JPEG")[:400], picture("PNG")[:60], None])
def test_a_picture_that_cannot_be_read_is_refused_and_nothing_written(
    tmp_path: Path, seen: Any, data: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(lambda path: several(1))
    monkeypatch.setattr(weights, "load", lambda _: pytest.fail("the checkpoint was loaded for nothing"))
    given = tmp_path / "mine.jpg"
    if data is not None:
        given.write_bytes(data)
    out = tmp_path / "model"
    out.mkdir()
    with pytest.raises(InputError, match=r"mine\.jpg cannot be used"):
        sample.sample(CHECKPOINT, out, given)
    assert list(out.iterdir()) == []
