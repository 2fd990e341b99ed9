"""Which box of one detector is which of another."""

from dataclasses import replace

import numpy as np
import pytest

from inference.model.matching import Box, Detection, Pair, iou, match


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


AROUND = ((0.0, 0.0), (10.0, 0.0), (10.0, 5.0), (0.0, 5.0))


@pytest.mark.parametrize("other", [AROUND, AROUND[2:] + AROUND[:2], AROUND[::-1], AROUND[::-1][1:] + AROUND[::-1][:1]])
def test_corners_are_the_same_whichever_comes_first(other: tuple[tuple[float, float], ...]) -> None:
    one = detection((0, 0, 10, 5))
    assert Pair(replace(one, corners=AROUND), replace(one, corners=other)).corner_difference == 0
    moved = tuple((x + 3, y + 4) for x, y in other)
    assert Pair(replace(one, corners=AROUND), replace(one, corners=moved)).corner_difference == 5


def test_keypoints_differ_by_place_and_by_score() -> None:
    one = replace(detection((0, 0, 10, 10)), keypoints=((1, 1, 0.5), (2, 2, 0.5)))
    pair = Pair(one, replace(one, keypoints=((1, 1, 0.5), (2, 5, 0.75))))
    assert pair.keypoint_difference == 3
    assert pair.score_difference == 0.25
    bare = replace(one, keypoints=((1, 1), (2, 2)))
    assert Pair(bare, bare).score_difference == 0


def test_masks_are_counted_by_pixels() -> None:
    mask = np.zeros((10, 10), bool)
    mask[2:6, 2:6] = True
    one = detection((2, 2, 6, 6))
    assert Pair(replace(one, mask=mask), replace(one, mask=np.roll(mask, 1, axis=0))).mask_overlap == (12, 20)
    assert Pair(one, one).mask_overlap == (0, 0)


def test_scaled_is_everything_but_the_mask() -> None:
    one = replace(detection((0, 2, 10, 6)), corners=AROUND, keypoints=((4, 6, 0.5),))
    half = one.scaled(0.5)
    assert (half.box, half.keypoints) == ((0, 1, 5, 3), ((2, 3, 0.5),))
    assert half.corners == ((0, 0), (5, 0), (5, 2.5), (0, 2.5))
