from __future__ import annotations

import itertools
from typing import Any

import pytest

from inference.errors import InvalidOption
from inference.options import Options, parse_attributes, read_options

LABELS = ("circle", "square", "triangle")
DEFAULT = Options(0.25, 0.45)


def test_without_options_the_models_own_hold() -> None:
    assert read_options({}, DEFAULT, LABELS) == DEFAULT
    assert read_options({"confidence": None, "classes": None}, DEFAULT, LABELS) == DEFAULT


def test_every_option_is_read() -> None:
    given = {"confidence": 0, "iou": 1.0, "max_detections": 1, "classes": ["square", 0, "circle"], "masks": "rle"}
    assert read_options(given, DEFAULT, LABELS) == Options(0.0, 1.0, 1, (0, 1), "rle")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *itertools.product(("confidence", "iou"), (-0.1, 1.1, "0.5", True, [], float("nan"))),
        *itertools.product(("max_detections",), (0, 301, 1.5, "1", True)),
        *itertools.product(("masks",), ("none ", True, 1, ["rle"])),
        *itertools.product(("classes",), ([], "circle", ["oval"], [3], [-1], [True], [None], [["circle"]], {})),
    ],
)
def test_a_wrong_option_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidOption, match=name):
        read_options({name: value}, DEFAULT, LABELS)


def test_an_option_that_the_task_has_no_use_for_is_refused_with_those_that_it_has() -> None:
    assert read_options({"iou": None}, DEFAULT, LABELS, ("confidence", "classes")) == DEFAULT
    with pytest.raises(InvalidOption, match=r"iou means nothing .* it takes confidence, classes"):
        read_options({"iou": 0.5}, DEFAULT, LABELS, ("confidence", "classes"))


@pytest.mark.parametrize("name", ["confidence", "max_detections", "masks", "classes"])
def test_a_long_value_is_not_sent_back(name: str) -> None:
    with pytest.raises(InvalidOption, match=name) as refused:
        read_options({name: ["x" * 10_000] if name == "classes" else "x" * 10_000}, DEFAULT, LABELS)
    assert len(str(refused.value)) < 300


def test_a_class_id_of_thousands_of_digits_is_an_unknown_label() -> None:
    with pytest.raises(InvalidOption, match="classes holds"):
        read_options(parse_attributes(f"classes={'9' * 5000}"), DEFAULT, LABELS)


def test_an_unknown_label_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InvalidOption, match="circle, square, triangle"):
        read_options({"classes": ["oval"]}, DEFAULT, LABELS)


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("", {}),
        ("trace=1234", {}),
        ("anything at all; really", {}),
        ("confidence=0.5", {"confidence": 0.5}),
        (" confidence = 0.5 ; iou=1;classes=circle, 2", {"confidence": 0.5, "iou": 1, "classes": ["circle", 2]}),
        ("max_detections=ten", {"max_detections": "ten"}),
    ],
)
def test_options_in_the_header(header: str, given: dict[str, Any]) -> None:
    assert parse_attributes(header) == given
