"""Everybody can use the page: by keyboard, by screen reader, on a phone, in the dark."""

from __future__ import annotations

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import MOCK, REAL, drop

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.mark.parametrize(
    ("scheme", "state"),
    [("light", "empty"), ("light", "found"), ("dark", "found"), ("light", "refused"), ("dark", "refused")],
)
def test_axe_finds_nothing(page: Page, sample: bytes, scheme: Literal["light", "dark"], state: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    # The mock's warning is looked at together with an error.
    page.goto(MOCK if state == "refused" else REAL)
    expect(page.locator("#phase")).to_have_text("Ready")
    if state == "refused":
        drop(page, sample[:1000])
        expect(page.locator("#error")).to_be_visible()
        expect(page.locator("#mock")).to_be_visible()
    if state == "found":
        drop(page, sample)
        page.locator("summary").click()
        page.locator(".result").first.hover()
    found = Axe().run(page, options={**RULES, "resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_is_cut_off_at_any_width(page: Page, sample: bytes, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(MOCK)
    drop(page, sample)
    expect(page.locator(".result")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    canvas = page.locator("#canvas").bounding_box()
    assert canvas is not None
    assert canvas["width"] > width / 3
    page.set_viewport_size({"width": 320, "height": 800})
    stage = page.locator("#stage").evaluate("element => element.clientWidth")
    expect(page.locator("#canvas")).to_have_js_property("clientWidth", stage)


def test_all_of_it_works_by_keyboard(real: Page) -> None:
    reached = []
    for _ in range(20):
        real.keyboard.press("Tab")
        reached.append(real.evaluate("document.activeElement.id || document.activeElement.value"))
        if reached[-1] == "sample":
            real.keyboard.press("Enter")
            expect(real.locator(".result")).to_have_count(6)
        if reached[-1] == "confidence":
            real.keyboard.press("End")
            expect(real.locator(".result")).to_have_count(0)
            real.keyboard.press("Home")
        if reached[-1] == "tab-curl":
            real.keyboard.press("ArrowRight")
            expect(real.locator("#snippet")).to_contain_text("import requests")
            real.keyboard.press("ArrowRight")
            expect(real.locator("#snippet")).to_contain_text("invoke_endpoint")
    wanted = ["file", "sample", "save", "reset", "confidence", "iou", "max_detections", "0", "tab-curl", "copy", "code"]
    positions = [reached.index(name) for name in wanted]
    assert positions == sorted(positions)


def test_the_focus_is_seen(real: Page) -> None:
    for name in ("file", "sample", "confidence"):
        while real.evaluate("document.activeElement.id") != name:
            real.keyboard.press("Tab")
        seen = "label[for=file]" if name == "file" else f"#{name}"
        assert real.locator(seen).evaluate("element => getComputedStyle(element).outlineWidth") == "3px"
