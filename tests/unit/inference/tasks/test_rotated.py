from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.tasks import rotated

Floats = NDArray[np.float32]


def boxes(*rows: tuple[float, ...]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 5)


def likeness(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return float(rotated.similarity(boxes(one), boxes(other))[0, 0])


def test_the_same_box_is_like_itself_however_it_is_turned() -> None:
    one = (10.0, 20.0, 40.0, 16.0, 0.3)
    for same in (one, (10, 20, 40, 16, 0.3 + math.pi), (10, 20, 16, 40, 0.3 + math.pi / 2)):
        assert likeness(one, same) == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("shift", [1.0, 5.0, 12.0, 40.0])
def test_boxes_apart_are_alike_as_the_formula_says(shift: float) -> None:
    """Equal boxes apart along their width: the distance is 1.5 (shift / width)²."""
    wanted = 1 - math.sqrt(1 - math.exp(-1.5 * (shift / 20) ** 2))
    assert likeness((0, 0, 20, 8, 0), (shift, 0, 20, 8, 0)) == pytest.approx(wanted, abs=1e-4)
    # Turned by 30 degrees, and the shift with them.
    there = (shift * math.cos(math.pi / 6), shift * math.sin(math.pi / 6), 20, 8, math.pi / 6)
    assert likeness((0, 0, 20, 8, math.pi / 6), there) == pytest.approx(wanted, abs=1e-4)


def test_boxes_of_one_centre_are_alike_as_the_formula_says() -> None:
    """A square and one of twice its side: ln(6.25 / (4 · 1 · 1 · …)) / 2, with covariances s and 4s."""
    distance = 0.5 * math.log(25 / (4 * 4))
    assert likeness((5, 5, 10, 10, 0), (5, 5, 20, 20, 1)) == pytest.approx(
        1 - math.sqrt(1 - math.exp(-distance)), abs=1e-4
    )


@given(st.lists(st.tuples(*[st.floats(-300, 300)] * 2, *[st.floats(0, 200)] * 2, st.floats(-4, 4)), max_size=8))
def test_any_boxes_are_alike_by_0_to_1_and_both_ways(rows: list[tuple[float, ...]]) -> None:
    alike = rotated.similarity(boxes(*rows), boxes(*rows))
    finite = alike[np.isfinite(alike)]
    assert (finite > -1e-3).all()
    assert (finite <= 1).all()
    assert np.allclose(alike, alike.T, atol=1e-3, equal_nan=True)


CHAIN = boxes((0, 0, 20, 8, 0.2), (5, 0, 20, 8, 0.2), (10, 0, 20, 8, 0.2), (100, 0, 20, 8, 0.2))


def test_a_dropped_box_drops_others_too() -> None:
    """Fast NMS: the first drops the second, and the second the third, which the first would have spared."""
    alike = rotated.similarity(CHAIN, CHAIN)
    assert alike[0, 1] > 0.6 > alike[0, 2]
    same = np.zeros(4, np.intp)
    assert rotated.suppress(CHAIN, same, 0.6, 300).tolist() == [0, 3]


def test_only_boxes_of_one_class_drop_each_other_and_the_limit_holds() -> None:
    assert rotated.suppress(CHAIN, np.array([0, 1, 2, 0]), 0.6, 300).tolist() == [0, 1, 2, 3]
    assert rotated.suppress(CHAIN, np.array([0, 1, 2, 0]), 0.6, 3).tolist() == [0, 1, 2]
    assert rotated.suppress(boxes(), np.zeros(0, np.intp), 0.5, 300).tolist() == []


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    many = np.concatenate((random.random((200, 4)) * 60 + 4, random.random((200, 1)) * 3), axis=1).astype(np.float32)
    classes = random.integers(0, 3, 200).astype(np.intp)
    whole = rotated.suppress(many, classes, 0.4, 300).tolist()
    monkeypatch.setattr(rotated, "BLOCK", 7)
    assert rotated.suppress(many, classes, 0.4, 300).tolist() == whole
    assert 3 < len(whole) < 200


@pytest.mark.parametrize(
    ("angle", "size", "wanted"),
    [
        (0.3, (40, 10), (0.3, 40, 10)),
        (0.3 + math.pi / 2, (40, 10), (0.3, 10, 40)),
        (0.3 + math.pi, (40, 10), (0.3, 40, 10)),
        (-0.5, (40, 10), (math.pi / 2 - 0.5, 10, 40)),
    ],
)
def test_angles_are_below_a_quarter_turn(
    angle: float, size: tuple[float, float], wanted: tuple[float, float, float]
) -> None:
    given = boxes((7, 8, *size, angle))
    found = rotated.regularized(given)
    assert found[0].tolist() == pytest.approx([7, 8, wanted[1], wanted[2], wanted[0]], abs=1e-5)
    # The same corners, whichever comes first.
    one, two = ({tuple(np.round(corner, 3)) for corner in rotated.corners(box)[0]} for box in (given, found))
    assert one == two


def test_corners_go_around_the_box() -> None:
    assert rotated.corners(boxes((10, 20, 8, 4, 0)))[0].tolist() == [[6, 18], [14, 18], [14, 22], [6, 22]]
    turned = rotated.corners(boxes((10, 20, 8, 4, math.pi / 2)))[0]
    assert turned.round(4).tolist() == [[12, 16], [12, 24], [8, 24], [8, 16]]
