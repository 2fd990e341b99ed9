"""Which detections count as the expected ones."""

from __future__ import annotations

import pytest

from infra.errors import RolloutFailed
from infra.release.findings import Detection
from infra.release.invocation import Answer, Sample
from infra.release.smoke import judge
from infra.settings import Smoke

CIRCLE = Detection("circle", 0.9, (10, 10, 110, 110))
SQUARE = Detection("square", 0.8, (200, 200, 300, 300))


def answer(*found: Detection, is_mock: bool = False) -> Answer:
    return Answer("b", "m", is_mock, found, 1.0, "main", {})


def verdict(found: tuple[Detection, ...], expected: tuple[Detection, ...]) -> str:
    return judge(answer(*found), Sample("s.jpg", b"", expected), Smoke(), mock=False)


def test_small_differences_and_any_order_are_fine() -> None:
    moved = Detection("circle", 0.93, (11, 10, 111, 110))
    assert verdict((SQUARE, moved), (CIRCLE, SQUARE)) == (
        "2 of 2 detections match, worst IoU 0.980, largest score difference 0.030"
    )


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ((CIRCLE,), "expected square 0.80"),
        ((), "nearest none at all"),
        ((CIRCLE, SQUARE, CIRCLE), "unexpected circle 0.90"),
        ((CIRCLE, Detection("star", 0.8, SQUARE.box)), "nearest star 0.80"),
        ((CIRCLE, Detection("square", 0.7, SQUARE.box)), "expected square 0.80"),
        ((CIRCLE, Detection("square", 0.8, (210, 210, 310, 310))), "IoU 0.68"),
    ],
    ids=["missing", "nothing", "twice", "class", "score", "box"],
)
def test_other_detections_are_refused(found: tuple[Detection, ...], says: str) -> None:
    with pytest.raises(RolloutFailed) as caught:
        verdict(found, (CIRCLE, SQUARE))
    assert says in str(caught.value)


def test_detections_near_the_models_threshold_may_come_and_go() -> None:
    unsure = Detection("star", 0.27, (400, 400, 420, 420))
    assert verdict((CIRCLE, unsure), (CIRCLE,)).startswith("1 of 1")
    assert verdict((CIRCLE,), (CIRCLE, unsure)).startswith("1 of 2")


CLASSES = tuple(Detection(label, score, ()) for label, score in (("cat", 0.6), ("dog", 0.25), ("cow", 0.1)))


def classes(*scores: tuple[str, float]) -> tuple[Detection, ...]:
    return tuple(Detection(label, score, ()) for label, score in scores)


def test_classes_of_a_picture_are_compared_by_their_scores() -> None:
    near = classes(("cat", 0.58), ("dog", 0.27), ("hen", 0.1))
    assert verdict(near, CLASSES).startswith("2 of 3 detections match")


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ((("dog", 0.6), ("cat", 0.25), ("cow", 0.1)), "expected cat 0.60, nearest cat 0.25"),
        ((("cat", 0.6), ("cow", 0.25), ("dog", 0.1)), "unexpected cow 0.25"),
        ((), "nearest none at all"),
    ],
)
def test_other_classes_are_refused(found: tuple[tuple[str, float], ...], says: str) -> None:
    with pytest.raises(RolloutFailed) as caught:
        verdict(classes(*found), CLASSES)
    assert says in str(caught.value)


@pytest.mark.parametrize(("is_mock", "asked"), [(True, False), (False, True)])
def test_mock_must_be_what_was_asked_for(is_mock: bool, asked: bool) -> None:
    with pytest.raises(RolloutFailed, match="was asked for"):
        judge(answer(is_mock=is_mock), Sample("s", b"", None), Smoke(), mock=asked)
    assert judge(answer(is_mock=asked), Sample("s", b"", None), Smoke(), mock=asked)
