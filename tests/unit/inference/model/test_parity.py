"""The verdict on two detectors."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.model.errors import ParityError
from inference.model.matching import Detection
from inference.model.parity import FEWEST_BOXES, LIMIT_PX, LIMIT_SCORE, Find, Report, compare

PATHS = [Path(str(number)) for number in range(FEWEST_BOXES)]
ONE = Detection("circle", 0.9, (10.0, 10.0, 50.0, 50.0))


def finder(*detections: Detection) -> Find:
    """A detector that finds the same in every picture."""
    return lambda _, confidence: [one for one in detections if one.score > confidence]


def judged(expected: Sequence[Detection], found: Sequence[Detection]) -> Report:
    return compare(PATHS, finder(*expected), finder(*found), (0.25, 0.01))


def moved(pixels: float) -> Detection:
    return replace(ONE, box=(ONE.box[0] + pixels, *ONE.box[1:]))


def test_equal_detectors_pass() -> None:
    report = judged([ONE], [moved(0.1)])
    report.require()
    assert (report.pictures, report.boxes, report.matched, report.surplus) == (10, 10, 10, 0)
    assert report.max_box_difference_px == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "0 were found"),
        ([ONE, replace(ONE, label="square")], "10 others too"),
        ([replace(ONE, label="square")], "0 were found, 10 others"),
        ([moved(LIMIT_PX + 0.1)], "differ by up to 1.100 px"),
        ([replace(ONE, score=ONE.score - LIMIT_SCORE - 0.01)], "scores by up to 0.03"),
        ([replace(ONE, box=(60.0, 60.0, 100.0, 100.0))], "0 were found, 10 others"),
    ],
)
def test_a_difference_is_refused_with_its_figures(found: list[Detection], sentence: str) -> None:
    report = judged([ONE], found)
    assert not report.passed
    with pytest.raises(ParityError, match=sentence):
        report.require()


@pytest.mark.parametrize("scores", [(0.251, 0.249), (0.249, 0.251)])
def test_a_score_on_either_side_of_the_threshold_is_no_difference(scores: tuple[float, float]) -> None:
    doubtful = replace(ONE, label="square")
    report = judged([ONE, replace(doubtful, score=scores[0])], [ONE, replace(doubtful, score=scores[1])])
    report.require()


@pytest.mark.parametrize("swap", [False, True])
def test_a_box_beyond_the_threshold_needs_its_partner(swap: bool) -> None:
    sides = [[ONE, replace(ONE, label="square", score=0.26)], [ONE]]
    assert not judged(*(reversed(sides) if swap else sides)).passed


def test_a_model_that_finds_little_is_judged_by_fainter_boxes() -> None:
    faint = replace(ONE, score=0.02)
    report = judged([faint], [faint])
    report.require()
    assert report.confidence == 0.01
    assert report.boxes == len(PATHS)
    assert not judged([faint], []).passed


def test_faint_scores_must_agree_more_closely() -> None:
    assert not judged([replace(ONE, score=0.02)], [replace(ONE, score=0.03)]).passed


def test_nothing_to_compare_is_no_pass() -> None:
    report = judged([], [])
    assert not report.passed
    with pytest.raises(ParityError, match=r"cannot be judged.*--pictures"):
        report.require()


def test_every_picture_counts() -> None:
    def only_first(then: Detection) -> Callable[[Path, float], list[Detection]]:
        return lambda path, _: [ONE if path != PATHS[0] else then]

    assert not compare(PATHS, finder(ONE), only_first(moved(30)), (0.25,)).passed


AROUND = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0), (10.0, 50.0))
MASK = np.zeros((60, 60), bool)
MASK[10:50, 10:50] = True


def of_task(task: str, one: Detection, other: Detection) -> Report:
    return compare(PATHS, finder(one), finder(other), (0.25,), task)


@pytest.mark.parametrize(
    ("task", "one", "other", "sentence"),
    [
        ("obb", {"corners": AROUND}, {"corners": AROUND[:3] + ((10.0, 52.0),)}, "corners by up to 2.000 px"),
        (
            "pose",
            {"keypoints": ((20.0, 20.0, 0.9),)},
            {"keypoints": ((20.0, 22.0, 0.9),)},
            "keypoints by up to 2.000 px",
        ),
        ("pose", {"keypoints": ((20.0, 20.0, 0.9),)}, {"keypoints": ((20.0, 20.0, 0.5),)}, "scores by up to 0.4000"),
        ("segment", {"mask": MASK}, {"mask": np.roll(MASK, 3, axis=0)}, r"the masks' IoU is 0.8605 \(at least"),
    ],
)
def test_what_a_task_adds_must_agree_too(task: str, one: dict[str, Any], other: dict[str, Any], sentence: str) -> None:
    of_task(task, replace(ONE, **one), replace(ONE, **one)).require()
    report = of_task(task, replace(ONE, **one), replace(ONE, **other))
    assert (report.matched, report.boxes, report.surplus) == (10, 10, 0)
    with pytest.raises(ParityError, match=sentence):
        report.require()


def test_a_small_mask_weighs_little() -> None:
    small = replace(ONE, box=(0.0, 0.0, 4.0, 4.0), label="square")
    there, here = np.zeros_like(MASK), np.zeros_like(MASK)
    there[:4, :4], here[:4, 1:5] = True, True
    both = finder(replace(ONE, mask=MASK), replace(small, mask=there))
    report = compare(PATHS, both, finder(replace(ONE, mask=MASK), replace(small, mask=here)), (0.25,), "segment")
    report.require()
    assert report.mask_iou == pytest.approx((1600 + 12) / (1600 + 20))
