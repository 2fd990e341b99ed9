"""What each task answers from raw outputs computed by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.decode import Picture
from inference.errors import ModelError
from inference.modelfiles import TASKS, ModelFiles
from inference.options import NAMES, Options
from inference.tasks.load import load_task
from inference.tasks.rle import decode
from inference.tasks.task import Task

SIDE = 64
# Twice as wide as high, twice as large as the square: 16 pixels of grey above it in the square.
PICTURE = Picture(np.zeros((1, 1, 3), np.uint8), 128, 64, 1)
OPTIONS = Options(0.25, 0.45)


def task(kind: str, labels: tuple[str, ...] = ("cat", "dog"), keypoint_shape: tuple[int, int] = (2, 3)) -> Task:
    shape = keypoint_shape if kind == "pose" else None
    return load_task(ModelFiles("m", "sha256:0", kind, SIDE, labels, 0.25, 0.45, None, keypoint_shape=shape))


def read(kind: Task, *outputs: Any, options: Options = OPTIONS, picture: Picture = PICTURE) -> dict[str, Any]:
    raw = tuple(np.array(output, np.float32) for output in outputs)
    return kind.read(raw, kind.place(picture.width, picture.height), picture, options)


def head(*anchors: tuple[float, ...]) -> Any:
    """Anchors, each centre x, centre y, width, height, scores, extras."""
    return np.array(anchors, np.float32).T


DOG = {"class_id": 1, "label": "dog", "score": 0.9, "box": [40.0, 16.0, 80.0, 32.0]}


def test_a_model_that_detects() -> None:
    found = read(task("detect"), head((30, 28, 20, 8, 0.1, 0.9), (30, 28, 20, 8, 0.1, 0.8)))
    assert found == {"detections": [DOG]}


def test_a_model_of_poses_tells_keypoints_in_the_picture() -> None:
    anchors = head((30, 28, 20, 8, 0.1, 0.9, 21, 25, 0.75, 70, 5, 0.125))
    assert read(task("pose"), anchors) == {
        "detections": [{**DOG, "keypoints": [[42.0, 18.0, 0.75], [128.0, 0.0, 0.125]]}],
    }


def test_a_model_of_poses_without_scores_tells_places_alone() -> None:
    anchors = head((30, 28, 20, 8, 0.1, 0.9, 21, 25, 39, 30))
    found = read(task("pose", keypoint_shape=(2, 2)), anchors)["detections"]
    assert found == [{**DOG, "keypoints": [[42.0, 18.0], [78.0, 28.0]]}]


def test_a_model_of_poses_may_find_nothing() -> None:
    assert read(task("pose"), np.zeros((12, 5))) == {"detections": []}


def test_a_model_of_rotated_boxes_tells_corners_and_what_encloses_them() -> None:
    turned = read(task("obb"), head((30, 28, 20, 8, 0.1, 0.9, math.pi / 2)))["detections"]
    assert turned == [
        {
            **DOG,
            "box": [52.0, 4.0, 68.0, 44.0],
            "corners": [[52.0, 4.0], [68.0, 4.0], [68.0, 44.0], [52.0, 44.0]],
            "center": [60.0, 24.0],
            "size": [16.0, 40.0],
            "angle": 0.0,
        }
    ]


def test_a_rotated_box_may_leave_the_picture_and_what_encloses_it_may_not() -> None:
    (found,) = read(task("obb"), head((2, 18, 20, 20, 0.1, 0.9, math.pi / 4)))["detections"]
    reach = 20 * math.sqrt(2)
    assert found["box"] == pytest.approx([0, 0, 4 + reach, 4 + reach], abs=0.01)
    assert sorted(found["corners"])[0] == pytest.approx([4 - reach, 4], abs=0.01)
    assert (found["center"], found["size"], found["angle"]) == ([4.0, 4.0], [40.0, 40.0], round(math.pi / 4, 5))


PROTOTYPES = np.stack([np.tile(np.where(np.arange(16) < 8, 1.0, -1.0), (16, 1)), np.ones((16, 16))])


def test_a_model_that_segments_tells_what_is_asked_for() -> None:
    anchors = head((32, 32, 16, 8, 0.1, 0.9, 1.0, 0.0))
    kind = task("segment")
    (found,) = read(kind, anchors, PROTOTYPES)["detections"]
    # Left half of the box: x from 24 to 32 of the square.
    assert [sorted(polygon) for polygon in found.pop("polygons")] == [[[48, 24], [48, 40], [64, 24], [64, 40]]]
    assert found == {**DOG, "box": [48.0, 24.0, 80.0, 40.0]}
    (encoded,) = read(kind, anchors, PROTOTYPES, options=replace(OPTIONS, masks="rle"))["detections"]
    mask = decode(encoded["mask"])
    assert mask.shape == (64, 128)
    assert np.argwhere(mask).min(axis=0).tolist() == [24, 48]
    assert np.argwhere(mask).max(axis=0).tolist() == [39, 63]
    assert "polygons" not in encoded
    (bare,) = read(kind, anchors, PROTOTYPES, options=replace(OPTIONS, masks="none"))["detections"]
    assert bare == found


def test_an_object_without_a_mask_is_left_out() -> None:
    anchors = head((32, 32, 16, 8, 0.1, 0.9, 0.0, -1.0), (10, 32, 8, 8, 0.8, 0.0, 0.0, 1.0))
    assert [one["label"] for one in read(task("segment"), anchors, PROTOTYPES)["detections"]] == ["cat"]


def test_a_model_that_classifies_tells_the_best_first() -> None:
    kind = task("classify", labels=tuple("abcdefg"))
    scores = [0.05, 0.3, 0.0, 0.4, 0.1, 0.05, 0.1]
    options = Options(0.0, 0.45, kind.max_detections)
    found = read(kind, scores, options=options)["classifications"]
    assert found[0] == {"class_id": 3, "label": "d", "score": 0.4}
    assert [one["label"] for one in found] == ["d", "b", "e", "g", "a"]
    few = read(kind, scores, options=replace(options, max_detections=1, classes=(1, 2)))
    assert few == {"classifications": [{"class_id": 1, "label": "b", "score": 0.3}]}
    assert [one["label"] for one in read(kind, scores, options=OPTIONS)["classifications"]] == ["d", "b"]


def shapes(kind: str) -> list[tuple[int, ...]]:
    """Shapes of the outputs of a model of two classes; of poses, two keypoints."""
    outputs: dict[str, list[tuple[int, ...]]] = {
        "detect": [(1, 6, 84)],
        "segment": [(1, 38, 84), (1, 32, 16, 16)],
        "classify": [(1, 2)],
        "pose": [(1, 12, 84)],
        "obb": [(1, 7, 84)],
    }
    return outputs[kind]


def outputs(kind: str) -> tuple[NDArray[np.float32], ...]:
    return tuple(np.zeros(shape, np.float32) for shape in shapes(kind))


@pytest.mark.parametrize("kind", TASKS)
def test_outputs_of_another_task_are_refused(kind: str) -> None:
    for other in TASKS:
        if other == kind:
            task(kind).check(outputs(other))
        else:
            with pytest.raises(ModelError, match="Export it"):
                task(kind).check(outputs(other))


@pytest.mark.parametrize("kind", TASKS)
def test_outputs_of_another_type_or_batch_are_refused(kind: str) -> None:
    right = outputs(kind)
    wrongs: list[Any] = [[one.astype(np.float64) for one in right], [np.repeat(one, 2, axis=0) for one in right]]
    for wrong in wrongs:
        with pytest.raises(ModelError):
            task(kind).check(tuple(wrong))


def test_masks_need_a_coefficient_for_each_prototype() -> None:
    with pytest.raises(ModelError, match="shape"):
        task("segment").check((outputs("segment")[0], np.zeros((1, 31, 16, 16), np.float32)))


@pytest.mark.parametrize("kind", TASKS)
def test_what_a_mock_answers_is_one_thing_of_the_first_class(kind: str) -> None:
    mock = task(kind)
    mock.check(mock.invented())
    options = Options(0.25, 0.45, mock.max_detections)
    answer = read(mock, *(output[0] for output in mock.invented()), options=options)
    (one,) = answer["classifications" if kind == "classify" else "detections"]
    assert (one["label"], one["score"]) == ("cat", 0.9)
    places = {"segment": one.get("polygons", [[]])[0], "pose": [place[:2] for place in one.get("keypoints", [])]}
    if kind in places:
        told = np.array(places[kind])
        assert len(told) >= 2
        assert ((told >= 0) & (told <= [128, 64])).all()


@pytest.mark.parametrize("kind", TASKS)
def test_every_task_names_the_options_that_it_has_a_use_for(kind: str) -> None:
    named = set(task(kind).options)
    assert named <= set(NAMES)
    assert ("masks" in named) == (kind == "segment")
    assert ("iou" in named) == (kind != "classify")
