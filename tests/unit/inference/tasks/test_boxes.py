from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.options import Options
from inference.tasks import boxes
from inference.tasks.boxes import Found

Head = NDArray[np.float32]


def head(*anchors: tuple[float, ...]) -> Head:
    """Anchors, each centre x, centre y, width, height, scores."""
    return np.array(anchors, np.float32).T


def choose(raw: Head, options: Options) -> Found:
    return boxes.choose(raw, len(raw) - 4, options)


def reference(found: Head, options: Options) -> list[tuple[int, float, list[float]]]:
    """The same in the plainest way: one anchor, one box, one comparison at a time."""
    candidates = []
    for anchor in found.T.astype(float).tolist():
        x, y, width, height, *scores = anchor
        score = max(scores)
        class_id = scores.index(score)
        if score > options.confidence and (options.classes is None or class_id in options.classes):
            candidates.append((class_id, score, [x - width / 2, y - height / 2, x + width / 2, y + height / 2]))
    candidates.sort(key=lambda candidate: -candidate[1])
    kept: list[tuple[int, float, list[float]]] = []
    for class_id, score, box in candidates:
        if all(class_id != other or overlap(box, there) <= options.iou for other, _, there in kept):
            kept.append((class_id, score, box))
    return kept[: options.max_detections]


def overlap(a: list[float], b: list[float]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


# Whole numbers, and scores and limits in between: both ways of computing see the same side of every limit.
ANCHORS = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(0, 60), st.integers(0, 40), st.integers(0, 40), *[st.integers(0, 16)] * 3
    ),
    max_size=40,
)


@given(
    ANCHORS,
    st.sampled_from([0.0, 0.26, 0.51, 0.9]),
    st.sampled_from([0.0, 0.4501, 0.7003, 1.0]),
    st.sampled_from([1, 3, 300]),
    st.sampled_from([None, (0,), (1, 2)]),
)
def test_it_finds_what_the_plain_way_finds(
    anchors: list[tuple[int, ...]], confidence: float, iou: float, limit: int, classes: tuple[int, ...] | None
) -> None:
    raw = np.array(anchors, np.float32).reshape(-1, 7).T
    raw[4:] /= 16
    options = Options(confidence, iou, limit, classes)
    found = choose(raw, options)
    wanted = reference(raw, options)
    assert found.classes.tolist() == [class_id for class_id, _, _ in wanted]
    assert found.scores.tolist() == [score for _, score, _ in wanted]
    assert found.boxes.tolist() == [box for _, _, box in wanted]


def test_nothing_found_is_an_empty_answer() -> None:
    for raw in (head((10, 10, 4, 4, 0.1, 0.2)), np.zeros((6, 0), np.float32)):
        found = choose(raw, Options(0.25, 0.45))
        assert (found.boxes.shape, found.scores.shape, found.classes.shape) == ((0, 4), (0,), (0,))


def test_a_score_must_be_greater_than_the_confidence() -> None:
    raw = head((10, 10, 4, 4, 0.5), (30, 30, 4, 4, 0.5000001))
    assert choose(raw, Options(0.5, 0.45)).boxes.tolist() == [[28, 28, 32, 32]]


def test_only_boxes_of_the_same_class_suppress_each_other() -> None:
    raw = head((10, 10, 8, 8, 0.9, 0.0), (10, 10, 8, 8, 0.0, 0.8), (11, 10, 8, 8, 0.7, 0.0))
    assert choose(raw, Options(0.25, 0.45)).classes.tolist() == [0, 1]


def test_a_suppressed_box_suppresses_nothing() -> None:
    raw = head((0, 0, 10, 10, 0.9), (4, 0, 10, 10, 0.8), (8, 0, 10, 10, 0.7))
    assert choose(raw, Options(0.25, 0.4)).scores.tolist() == pytest.approx([0.9, 0.7])


def test_ties_are_broken_the_same_way_every_time() -> None:
    raw = head(*[(20 * column, 0, 4, 4, 0.5) for column in range(50)])
    found = [choose(raw, Options(0.25, 0.45, 7)).boxes.tolist() for _ in range(5)]
    assert all(one == found[0] for one in found)
    assert [box[0] for box in found[0]] == [20 * column - 2 for column in range(7)]


def test_the_limit_holds() -> None:
    raw = head(*[(10 * column, 0, 4, 4, 0.5 + column / 1000) for column in range(400)])
    assert len(choose(raw, Options(0.25, 0.45)).scores) == 300


def test_the_worst_head_takes_milliseconds() -> None:
    """Every anchor of an 80-class model at 640 pixels passes the threshold: what a confidence of 0 does."""
    random = np.random.default_rng(0)
    raw = random.random((84, 8400), np.float32)
    raw[:4] = random.random((4, 8400), np.float32) * 600
    choose(raw, Options(0.0, 0.9))
    start = time.process_time()
    choose(raw, Options(0.0, 0.9))
    assert time.process_time() - start < 0.5
