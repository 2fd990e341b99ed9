"""Which box of one detector is which of another."""

import pytest

from inference.model.matching import Box, Detection, iou, match


def detection(box: Box, label: str = "circle", score: float = 0.9) -> Detection:
    return Detection(label, score, box)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ((0, 0, 10, 10), 1.0),
        ((0, 0, 10, 5), 0.5),
        ((5, 0, 15, 10), 1 / 3),
        ((10, 0, 20, 10), 0.0),
        ((20, 20, 30, 30), 0.0),
        ((3, 3, 3, 3), 0.0),
    ],
)
def test_iou(other: Box, expected: float) -> None:
    assert iou((0, 0, 10, 10), other) == pytest.approx(expected)


def test_pairs_hold_the_largest_differences_of_an_edge_and_of_the_score() -> None:
    (pair,) = match([detection((0, 0, 10, 10))], [detection((0.5, 0, 10, 9.25), score=0.8)])
    assert pair.box_difference == pytest.approx(0.75)
    assert pair.score_difference == pytest.approx(0.1)


def test_the_largest_overlap_wins_whatever_the_order() -> None:
    expected = [detection((0, 0, 10, 10)), detection((2, 0, 12, 10))]
    found = [detection((2, 0, 12, 10)), detection((0, 0, 10, 10))]
    assert [pair.box_difference for pair in match(expected, found)] == [0, 0]


def test_a_box_is_used_once() -> None:
    assert len(match([detection((0, 0, 10, 10))] * 2, [detection((0, 0, 10, 10))])) == 1


@pytest.mark.parametrize("found", [detection((0, 0, 10, 10), "square"), detection((6, 0, 16, 10))])
def test_another_label_or_place_is_another_object(found: Detection) -> None:
    assert match([detection((0, 0, 10, 10))], [found]) == []
