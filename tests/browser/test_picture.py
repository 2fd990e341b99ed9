"""A picture is dropped on the page, and what comes back is seen, by the real image."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import MOCK, answer, drop

SEEN = """([x, y, index]) => {
    const row = document.getElementsByClassName("result")[index];
    const brush = new OffscreenCanvas(1, 1).getContext("2d");
    brush.fillStyle = row.style.getPropertyValue("--colour");
    brush.fillRect(0, 0, 1, 1);
    const shade = brush.getImageData(0, 0, 1, 1).data;
    const canvas = document.getElementById("canvas");
    const zoom = canvas.width / Number(canvas.dataset.width);
    const around = [Math.round(x * zoom) - 2, Math.round(y * zoom) - 2, 5, 5];
    const { data } = canvas.getContext("2d").getImageData(...around);
    const near = (start) => [0, 1, 2].every((channel) => Math.abs(data[start + channel] - shade[channel]) < 16);
    return [...Array(25).keys()].some((pixel) => near(4 * pixel));
}"""


def drawn(page: Page, index: int, x: float, y: float) -> bool:
    """Whether the picture has the colour of a result within two pixels of a place."""
    return bool(page.evaluate(SEEN, [x, y, index]))


def test_a_dropped_picture_gets_its_boxes(real: Page, sample: bytes) -> None:
    found = answer(sample)["detections"]
    assert len(found) > 1
    drop(real, sample)
    expect(real.locator(".result")).to_have_count(len(found))
    expect(real.locator("#count")).to_have_text(str(len(found)))
    for index, detection in enumerate(found):
        x1, y1, x2, y2 = detection["box"]
        row = real.locator(".result").nth(index)
        expect(row.locator(".name")).to_have_text(detection["label"])
        expect(row.locator(".score")).to_have_text(f"{detection['score']:.0%}".replace("%", " %"))
        assert drawn(real, index, x1, (y1 + y2) / 2)
        assert drawn(real, index, x2, (y1 + y2) / 2)
        assert not drawn(real, index, (x1 + x2) / 2, (y1 + y2) / 2)
    expect(real.locator("#canvas")).to_have_attribute("aria-label", f"picture.jpg: {said(found)}")
    expect(real.locator("#error")).to_be_hidden()


def said(found: list[dict[str, Any]]) -> str:
    return ", ".join(f"{one['label']} {one['score']:.0%}".replace("%", " %") for one in found)


def test_settings_are_sent_anew(real: Page, sample: bytes) -> None:
    found = answer(sample)["detections"]
    drop(real, sample)
    expect(real.locator(".result")).to_have_count(len(found))
    limit = round((found[0]["score"] + found[-1]["score"]) / 2, 2)
    fewer = [one for one in found if one["score"] > limit]
    assert 0 < len(fewer) < len(found)
    real.locator("#confidence").fill(str(limit))
    expect(real.locator(".result")).to_have_count(len(fewer))
    real.locator("#confidence").fill("1")
    expect(real.locator(".result")).to_have_count(0)
    expect(real.locator("#nothing")).to_have_text("Nothing above a confidence of 1.00.")
    real.get_by_role("button", name="Reset").click()
    expect(real.locator(".result")).to_have_count(len(found))
    real.locator("#max_detections").fill("1")
    expect(real.locator(".result")).to_have_count(1)
    real.locator("#max_detections").fill("300")
    label = found[-1]["label"]
    real.get_by_role("checkbox", name=label).check()
    expect(real.locator(".result")).to_have_count(sum(one["label"] == label for one in found))


def test_times_are_shown(real: Page, sample: bytes) -> None:
    drop(real, sample)
    stages = {"queue", "decode", "preprocess", "inference", "postprocess", "other"}
    expect(real.locator("#legend li")).to_have_count(len(stages))
    assert {text.split()[0] for text in real.locator("#legend li").all_inner_texts()} == stages
    total, back = [float(word) for word in real.locator("#total").inner_text().split() if word[0].isdigit()]
    parts = [float(text.split()[1]) for text in real.locator("#legend li").all_inner_texts()]
    assert sum(parts) == pytest.approx(total, abs=0.5)
    assert total < back
    widths = [part.bounding_box() for part in real.locator("#stages span").all()]
    assert all(box and box["width"] >= 1 for box in widths)


def test_the_hand_on_a_result_stresses_its_box(real: Page, sample: bytes) -> None:
    found = answer(sample)["detections"]
    drop(real, sample)
    expect(real.locator(".result")).to_have_count(len(found))
    x1, y1, x2, y2 = found[1]["box"]
    other = [found[0]["box"][0], (found[0]["box"][1] + found[0]["box"][3]) / 2]
    real.locator(".result").nth(1).hover()
    assert not drawn(real, 0, *other)
    assert drawn(real, 1, x1, (y1 + y2) / 2)
    real.locator("h1").hover()
    assert drawn(real, 0, *other)
    box = real.locator("#canvas").bounding_box()
    assert box is not None
    zoom = box["width"] / 640
    real.locator("#canvas").hover(position={"x": (x1 + x2) / 2 * zoom, "y": (y1 + y2) / 2 * zoom})
    expect(real.locator(".result.lit .name")).to_have_text(found[1]["label"])


@pytest.mark.parametrize("broken", ["cut short", "no picture", "empty"])
def test_an_error_is_the_servers_sentence(real: Page, sample: bytes, broken: str) -> None:
    drop(real, sample)
    expect(real.locator(".result")).not_to_have_count(0)
    body = {"cut short": sample[:1000], "no picture": b"GIF of a cat", "empty": b""}[broken]
    drop(real, body)
    expect(real.locator("#error")).to_have_text(answer(body)["error"]["message"])
    expect(real.locator(".result")).to_have_count(0)
    expect(real.locator("#timing")).to_be_hidden()
    drop(real, sample)
    expect(real.locator("#error")).to_be_hidden()
    expect(real.locator(".result")).not_to_have_count(0)


def test_a_chosen_file_is_taken(real: Page, sample: bytes) -> None:
    real.get_by_label("Choose a file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": sample})
    expect(real.locator(".result")).to_have_count(len(answer(sample)["detections"]))
    expect(real.locator("#about")).to_contain_text("a.jpg · 640 × 480")  # noqa: RUF001


def test_a_pasted_picture_is_taken(real: Page, sample: bytes) -> None:
    paste = """bytes => {
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png", { type: "image/png" }));
        document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
    }"""
    real.evaluate(paste, list(sample))
    expect(real.locator(".result")).to_have_count(len(answer(sample)["detections"]))


def test_the_drawn_sample_holds_something_of_each_class_and_can_be_saved(real: Page) -> None:
    real.get_by_role("button", name="Draw a sample").click()
    expect(real.locator(".result")).to_have_count(6)
    assert set(real.locator(".result .name").all_inner_texts()) == {"circle", "square", "triangle"}
    with real.expect_download() as download:
        real.get_by_role("link", name="Save it to a file").click()
    assert download.value.suggested_filename == "sample.png"
    assert len(answer(download.value.path().read_bytes())["detections"]) == 6


def test_a_format_that_browsers_do_not_show_gets_boxes_on_grey(real: Page, sample: bytes) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(sample)).save(file, "TIFF")
    found = answer(file.getvalue())["detections"]
    drop(real, file.getvalue(), "scan.tif", "image/tiff")
    expect(real.locator(".result")).to_have_count(len(found))
    x1, y1, _, y2 = found[0]["box"]
    assert drawn(real, 0, x1, (y1 + y2) / 2)


def test_a_mock_says_so_loudly(page: Page, sample: bytes) -> None:
    page.goto(MOCK)
    expect(page.locator("#mock")).to_be_visible()
    expect(page.locator("#mock")).to_contain_text("This is a mock model.")
    expect(page).to_have_title(re.compile("^MOCK: "))
    drop(page, sample)
    expect(page.locator(".result")).to_have_count(1)


def test_a_real_model_does_not(real: Page) -> None:
    expect(real.locator("#mock")).to_be_hidden()
    for fact in (answer(b"")["error"], *real.locator("#facts dd").all_inner_texts()):
        assert fact
