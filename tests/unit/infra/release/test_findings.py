"""How alike two findings are, from figures computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from infra.release.findings import Detection, likeness, nearness, overlap, read, shape_overlap

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


def moved(points: Any, x: float, y: float = 0.0) -> Any:
    return tuple((point[0] + x, point[1] + y) for point in points)


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 0, 15, 10), 1 / 3),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
    ],
)
def test_overlap_of_boxes(a: tuple[float, ...], b: tuple[float, ...], iou: float) -> None:
    assert overlap(a, b) == pytest.approx(iou)


@pytest.mark.parametrize(
    ("other", "iou"),
    [
        ((SQUARE,), 1.0),
        ((moved(SQUARE, 5),), 1 / 3),
        ((moved(SQUARE, 0, 5),), 1 / 3),
        ((moved(SQUARE, 20),), 0.0),
        ((moved(SQUARE, 0, 20),), 0.0),
        (((SQUARE[0], SQUARE[1], SQUARE[2]),), 0.5),
        ((SQUARE[::-1],), 1.0),
        # In two parts: the left and the right third.
        ((((0, 0), (3, 0), (3, 10), (0, 10)), ((7, 0), (10, 0), (10, 10), (7, 10))), 0.6),
    ],
)
def test_overlap_of_shapes(other: Any, iou: float) -> None:
    assert shape_overlap((SQUARE,), other) == pytest.approx(iou, abs=0.01)
    assert shape_overlap(other, (SQUARE,)) == pytest.approx(iou, abs=0.01)


def test_overlap_of_circles_and_of_nothing() -> None:
    turns = [2 * math.pi * step / 90 for step in range(90)]
    circle, inner = (tuple((radius * math.cos(turn), radius * math.sin(turn)) for turn in turns) for radius in (10, 8))
    assert shape_overlap((circle,), (inner,)) == pytest.approx(0.64, abs=0.01)
    assert shape_overlap((circle,), ()) == 0
    assert shape_overlap((((1, 1), (2, 1), (3, 1)),), (((1, 1), (2, 1), (3, 1)),)) == 0


def test_keypoints_are_near_by_the_size_of_the_box() -> None:
    one = Detection("dog", 0.9, (0, 0, 40, 10), keypoints=((0, 0, 0.9), (10, 0, 0.9), (5, 5, 0.1)))
    assert nearness(one, one) == 1
    other = Detection("dog", 0.9, (0, 0, 40, 10), keypoints=((4, 0, 0.9), (10, 4, 0.9), (99, 99, 0.1)))
    assert nearness(one, other) == pytest.approx(1 - 4 / 20)
    assert nearness(one, Detection("dog", 0.9, one.box, keypoints=((0, 0, 0.9),))) == 0
    assert nearness(one, Detection("dog", 0.9, one.box, keypoints=moved(((0, 0), (10, 0), (5, 5)), 100))) == 0


def test_what_is_wanted_must_be_there() -> None:
    plain = Detection("dog", 0.9, (0, 0, 10, 10))
    outlined = Detection("dog", 0.9, (0, 0, 10, 10), outlines=(SQUARE,))
    posed = Detection("dog", 0.9, (0, 0, 10, 10), keypoints=((1, 1),))
    assert likeness(plain, outlined) == likeness(plain, posed) == 1
    assert likeness(outlined, plain) == likeness(posed, plain) == 0
    assert likeness(outlined, Detection("dog", 0.9, (0, 0, 10, 10), outlines=(moved(SQUARE, 5),))) < 0.4
    assert likeness(plain, Detection("dog", 0.9, ())) == 0
    assert likeness(Detection("dog", 0.9, ()), plain) == 1


def test_every_kind_of_answer_is_read() -> None:
    base = {"label": "dog", "score": 0.9, "box": [0, 0, 10, 10]}
    corners = [[0, 0], [10, 0], [10, 10], [0, 10]]
    wanted = Detection("dog", 0.9, (0, 0, 10, 10))
    assert read({"detections": [base]}) == (wanted,)
    for task, extra in (("obb", {"corners": corners}), ("segment", {"polygons": [corners]})):
        (found,) = read({"task": task, "detections": [{**base, **extra}]})
        assert found.outlines == (SQUARE,)
    (found,) = read({"task": "pose", "detections": [{**base, "keypoints": [[1, 2, 0.5]]}]})
    assert found.keypoints == ((1, 2, 0.5),)
    document = {"task": "classify", "classifications": [{"class_id": 0, "label": "dog", "score": 0.9}]}
    assert read(document) == (Detection("dog", 0.9, ()),)


@pytest.mark.parametrize("document", [{}, {"task": "classify", "detections": []}, {"detections": [{"label": "dog"}]}])
def test_what_is_no_answer_is_told(document: Any) -> None:
    with pytest.raises(KeyError):
        read(document)
