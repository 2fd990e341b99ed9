from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from inference.errors import ModelError
from inference.modelfiles import find_model, read_model

WEIGHTS = b"weights"
DESCRIPTION: dict[str, Any] = {
    "name": "yolo11n-shapes",
    "task": "detect",
    "image_size": 320,
    "labels": ["circle", "square"],
    "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
    "is_mock": False,
    "confidence": 0.3,
    "iou": 0.5,
}


def write(directory: Path, description: Any = DESCRIPTION, weights: bytes | None = WEIGHTS) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "model.json").write_text(json.dumps(description))
    if weights is not None:
        (directory / "model.onnx").write_bytes(weights)
    return directory


def test_a_model_directory_is_read(tmp_path: Path) -> None:
    model = read_model(write(tmp_path))
    assert (model.name, model.task, model.image_size, model.labels) == (
        "yolo11n-shapes",
        "detect",
        320,
        ("circle", "square"),
    )
    assert model.digest == "sha256:" + DESCRIPTION["sha256"]
    assert (model.confidence, model.iou, model.is_mock) == (0.3, 0.5, False)
    assert model.weights == tmp_path / "model.onnx"


def test_a_model_from_elsewhere_detects(tmp_path: Path) -> None:
    described = {key: value for key, value in DESCRIPTION.items() if key != "task"}
    assert read_model(write(tmp_path, described)).task == "detect"


def test_a_model_of_poses_says_how_many_keypoints(tmp_path: Path) -> None:
    described = {**DESCRIPTION, "task": "pose", "keypoint_shape": [5, 2]}
    assert read_model(write(tmp_path, described)).keypoint_shape == (5, 2)
    assert read_model(write(tmp_path, {**DESCRIPTION, "keypoint_shape": [5, 2]})).keypoint_shape is None


def test_a_model_that_classifies_drops_no_class_by_its_score(tmp_path: Path) -> None:
    described = {key: value for key, value in DESCRIPTION.items() if key != "confidence"}
    assert read_model(write(tmp_path, {**described, "task": "classify"})).confidence == 0


def test_a_mock_needs_nothing_else(tmp_path: Path) -> None:
    model = read_model(write(tmp_path, {"is_mock": True}, None))
    assert model.is_mock
    assert model.weights is None
    assert model.digest == "sha256:" + hashlib.sha256((tmp_path / "model.json").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("change", "word"),
    [
        *(({name: None}, name) for name in ("name", "image_size", "labels", "sha256")),
        ({"name": 5}, "name"),
        ({"task": "track"}, "detect, segment, classify, pose, obb"),
        ({"task": "pose"}, "keypoint_shape"),
        *(
            ({"task": "pose", "keypoint_shape": shape}, "keypoint_shape")
            for shape in (17, [17], [0, 3], [17, 4], [1, True])
        ),
        ({"image_size": "320"}, "image_size"),
        ({"image_size": 330, "rectangular": True}, "a multiple of 32"),
        ({"rectangular": 1}, "rectangular"),
        ({"image_size": 0}, "image_size"),
        ({"image_size": True}, "image_size"),
        ({"labels": []}, "labels"),
        ({"labels": [1]}, "labels"),
        ({"labels": "circle"}, "labels"),
        ({"is_mock": "no"}, "is_mock"),
        ({"confidence": 2}, "confidence"),
        ({"iou": "x"}, "iou"),
        ({"sha256": "0" * 64}, "sha256"),
    ],
)
def test_a_wrong_model_json_is_a_sentence_that_names_the_field(
    tmp_path: Path, change: dict[str, Any], word: str
) -> None:
    with pytest.raises(ModelError, match=word):
        read_model(write(tmp_path, {**DESCRIPTION, **change}))


def test_a_missing_or_broken_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.json is missing"):
        read_model(tmp_path)
    with pytest.raises(ModelError, match="no JSON object"):
        read_model(write(tmp_path, [], None))
    with pytest.raises(ModelError, match=r"model\.onnx cannot be read"):
        read_model(write(tmp_path, DESCRIPTION, None))
    (tmp_path / "model.json").write_bytes(b"\xff{")
    with pytest.raises(ModelError, match="cannot be read as JSON"):
        read_model(tmp_path)


def test_the_mounted_model_wins_over_the_baked_one_and_a_named_one_over_both(tmp_path: Path) -> None:
    mounted, baked, named = tmp_path / "mounted", tmp_path / "baked", tmp_path / "named"
    write(baked)
    mounted.mkdir()
    assert find_model(None, mounted, baked) == baked
    write(mounted)
    assert find_model(None, mounted, baked) == mounted
    assert find_model(named, mounted, baked) == named
