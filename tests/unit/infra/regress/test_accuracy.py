"""How far two images agree, and which one is right."""

from __future__ import annotations

import pytest

from infra.regress.accuracy import agreement, map50, match
from infra.release.findings import Detection

CIRCLE = Detection("circle", 0.9, (0, 0, 10, 10))
SQUARE = Detection("square", 0.8, (20, 20, 40, 40))


def moved(one: Detection, by: float = 0.0, score: float | None = None) -> Detection:
    x1, y1, x2, y2 = one.box
    return Detection(one.label, one.score if score is None else score, (x1 + by, y1, x2 + by, y2))


def test_images_that_find_the_same_agree() -> None:
    found = agreement([((CIRCLE, SQUARE), (SQUARE, CIRCLE))], 0.3)
    assert (found.shared, found.disagreement, found.score_difference) == (2, 0.0, 0.0)


def test_what_one_of_both_finds_alone_is_a_disagreement_unless_its_score_is_near_the_threshold() -> None:
    pairs = [((CIRCLE, SQUARE), (CIRCLE,)), ((CIRCLE,), (moved(CIRCLE, score=0.3), moved(SQUARE, score=0.26)))]
    found = agreement(pairs, 0.3)
    assert (found.old, found.new, found.shared) == (3, 3, 2)
    assert found.disagreement == round(1 / 3, 4), "the square with 0.26 may come or go, that with 0.8 may not"
    assert found.score_difference == pytest.approx(0.6)


def test_another_label_or_place_is_another_object_and_each_is_used_once() -> None:
    assert match([CIRCLE], [Detection("square", 0.9, CIRCLE.box)]) == []
    assert match([CIRCLE], [moved(CIRCLE, by=6)]) == []
    assert match([CIRCLE], [moved(CIRCLE, score=0.5), CIRCLE]) == [(CIRCLE, CIRCLE)]


def test_nothing_found_by_either_is_agreement() -> None:
    assert agreement([((), ())], 0.3).disagreement == 0.0


def test_map_of_a_perfect_detector_is_1_and_of_a_blind_one_0() -> None:
    truth = (CIRCLE, SQUARE)
    assert map50([(truth, truth)]) == 1.0
    assert map50([(truth, ())]) == 0.0
    assert map50([(truth, (CIRCLE,))]) == 0.5


def test_map_counts_what_is_found_wrongly_by_its_score() -> None:
    truth, wrong = (CIRCLE, moved(CIRCLE, by=50)), moved(CIRCLE, by=80, score=0.95)
    before = map50([(truth, (*truth, wrong))])
    after = map50([(truth, (*truth, moved(wrong, score=0.1)))])
    assert before == round((2 / 3 + 2 / 3) / 2, 4), "precision 1/2 then 2/3, each raised to the best that follows"
    assert after == 1.0, "a mistake after all that is right costs nothing"
