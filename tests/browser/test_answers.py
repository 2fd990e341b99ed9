"""Answers that the image's own model does not give, and phases that pass too quickly: pretended, in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import REAL, drop
from tests.browser.test_picture import drawn

OBJECT = {"class_id": 0, "label": "thing", "score": 0.9, "box": [100, 100, 300, 300]}
EDGE = [(100, 200), (300, 200), (200, 300)]


def pretend(page: Page, path: str, document: Any, status: int = 200) -> None:
    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type="application/json", body=json.dumps(document))

    page.route(f"{REAL}/{path}", fulfil)


def answered(page: Page, sample: bytes, **found: Any) -> None:
    document = {
        "image": {"width": 640, "height": 480},
        "timings_ms": {"decode": 1, "inference": 2, "queue": 0, "total": 3},
        **found,
    }
    pretend(page, "invocations", document)
    drop(page, sample)
    expect(page.locator(".result")).to_have_count(len(found.get("detections", found.get("classifications", []))))


@pytest.mark.parametrize(
    ("more", "there", "not_there"),
    [
        ({"polygons": [[[150, 150], [250, 150], [200, 250]]]}, [(200, 150), *EDGE], (150, 200)),
        ({"corners": [[200, 100], [300, 200], [200, 300], [100, 200]]}, [(150, 150), (250, 250)], (100, 120)),
        ({"keypoints": [[150, 150, 0.9], [250, 150, 0.1]]}, [(150, 150), *EDGE], (250, 150)),
        ({"keypoints": [[150, 150], [250, 150]]}, [(150, 150), (250, 150), *EDGE], (200, 200)),
    ],
    ids=["outlines", "turned", "points", "points without scores"],
)
def test_what_a_task_adds_is_drawn(
    real: Page, sample: bytes, more: Any, there: list[tuple[int, int]], not_there: tuple[int, int]
) -> None:
    answered(real, sample, detections=[{**OBJECT, **more}])
    for x, y in there:
        assert drawn(real, 0, x, y), (x, y)
    assert not drawn(real, 0, *not_there)


def test_a_person_gets_limbs(real: Page, sample: bytes) -> None:
    points = [[120 + 10 * index, 150 + 5 * (index % 3), 0.9] for index in range(17)]
    points[11], points[12] = [150, 250, 0.9], [250, 250, 0.9]
    answered(real, sample, detections=[{**OBJECT, "keypoints": points}])
    assert drawn(real, 0, 200, 250)


def test_settings_that_a_task_has_no_use_for_are_not_there(page: Page) -> None:
    info = requests.get(f"{REAL}/info", timeout=10).json()
    pretend(page, "info", {**info, "defaults": {"confidence": 0.1, "max_detections": 5}})
    page.goto(REAL)
    expect(page.locator("#phase")).to_have_text("Ready")
    expect(page.locator("#iou")).to_be_hidden()
    expect(page.locator("#max_detections-value")).to_have_text("5")
    page.locator("#max_detections").fill("7")
    expect(page.locator("#snippet")).to_contain_text("Custom-Attributes: max_detections=7'")


def test_classes_are_listed_with_bars(real: Page, sample: bytes) -> None:
    classes = [{"class_id": 1, "label": "cat", "score": 0.75}, {"class_id": 2, "label": "dog", "score": 0.25}]
    answered(real, sample, classifications=classes)
    widths = [bar.bounding_box() for bar in real.locator(".share i").all()]
    assert widths[0] and widths[1]
    assert widths[0]["width"] == pytest.approx(3 * widths[1]["width"], rel=0.02)
    assert real.locator(".result .name").all_inner_texts() == ["cat", "dog"]


def test_a_label_is_text_whatever_it_holds(real: Page, sample: bytes) -> None:
    label = "<img src=x onerror=document.title='taken'>"
    answered(real, sample, detections=[{**OBJECT, "label": label}])
    expect(real.locator(".result .name")).to_have_text(label)
    assert real.title() != "taken"


def test_three_hundred_objects_leave_the_page_usable(real: Page, sample: bytes) -> None:
    answered(real, sample, detections=[OBJECT] * 300)
    height = real.evaluate("document.documentElement.scrollHeight")
    assert height < 3000


@pytest.mark.parametrize(
    ("code", "says"), [("loading", "Loading the model…"), ("draining", "Stopping"), (None, "Not reachable")]
)
def test_the_phase_is_told_and_the_picture_is_sent_when_it_is_over(
    page: Page, sample: bytes, code: str | None, says: str
) -> None:
    paths = ("ping", "info", "invocations")
    page.goto(REAL)
    expect(page.locator("#phase")).to_have_text("Ready")
    for path in paths:
        if code:
            pretend(page, path, {"error": {"code": code, "message": f"It is {code}."}}, status=503)
        else:
            page.route(f"{REAL}/{path}", lambda route: route.abort())
    drop(page, sample)
    expect(page.locator("#error")).to_have_text(
        f"It is {code}."
        if code
        else "The server cannot be reached. Start it again: the picture is then sent by itself."
    )
    expect(page.locator("#phase")).to_have_text(says)
    for path in paths:
        page.unroute(f"{REAL}/{path}")
    expect(page.locator("#phase")).to_have_text("Ready")
    expect(page.locator(".result")).not_to_have_count(0)
    expect(page.locator("#error")).to_be_hidden()


def test_an_answer_from_something_in_between_is_told(real: Page, sample: bytes) -> None:
    real.route(f"{REAL}/invocations", lambda route: route.fulfill(status=502, body="<h1>Bad Gateway</h1>"))
    drop(real, sample)
    expect(real.locator("#error")).to_contain_text("502")
