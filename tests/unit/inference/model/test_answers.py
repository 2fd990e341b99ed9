"""What the image answers, in the terms of the comparison; a mock of each task stands for the model."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inference.model.answers import answer
from inference.model.errors import InputError
from inference.model.matching import Detection
from inference.pipeline import Pipeline


def answered(folder: Path, task: str, data: bytes | None = None) -> list[Detection]:
    (folder / "model.json").write_text(json.dumps({"is_mock": True, "task": task, "image_size": 64}))
    picture = folder / "picture.png"
    if data is None:
        file = io.BytesIO()
        Image.new("RGB", (128, 64)).save(file, "PNG")
        data = file.getvalue()
    picture.write_bytes(data)
    return answer(Pipeline.load(folder, 1, 1, 1_000_000), picture, 0.25)


def test_what_each_task_adds_is_kept(tmp_path: Path) -> None:
    plain = Detection("mock", 0.9, (32.0, 0.0, 96.0, 64.0))
    assert answered(tmp_path, "detect") == [plain]
    (segment,) = answered(tmp_path, "segment")
    assert segment == plain
    assert segment.mask is not None
    assert segment.mask.shape == (64, 128)
    assert segment.mask[32, 64]
    assert 1000 < int(np.sum(segment.mask)) < 64 * 64
    (pose,) = answered(tmp_path, "pose")
    assert [len(place) for place in pose.keypoints] == [3] * 17
    (obb,) = answered(tmp_path, "obb")
    assert len(obb.corners) == 4
    assert answered(tmp_path, "classify") == [Detection("mock", 0.9, (0.0, 0.0, 128.0, 64.0))]


def test_a_picture_that_the_image_refuses_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"picture\.png cannot be used"):
        answered(tmp_path, "detect", b"no picture")
