from __future__ import annotations

import io
from functools import partial
from typing import Any

import pytest
from PIL import Image, ImageChops

from inference.accept import Form
from inference.decode import decode
from inference.drawing import colour, drawn

LIMIT = 1_000_000
WHITE = (255, 255, 255)


def draw(answer: dict[str, Any], form: Form = Form.PNG, size: tuple[int, int] = (200, 160)) -> Image.Image:
    file = io.BytesIO()
    Image.new("RGB", size, WHITE).save(file, "PNG")
    return Image.open(io.BytesIO(drawn(partial(decode, file.getvalue()), LIMIT, answer, form)))


def painted(image: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(image, Image.new("RGB", image.size, WHITE)).getbbox()


def finding(**more: Any) -> dict[str, Any]:
    return {"detections": [{"class_id": 0, "label": "cat", "score": 0.5, "box": [80, 90, 140, 130], **more}]}


def test_nothing_found_is_the_picture() -> None:
    assert painted(draw({"detections": []})) is None


def test_a_box_has_the_colour_of_its_class_and_a_label_above() -> None:
    image = draw(finding())
    for edge in ((80, 110), (139, 110), (110, 90), (110, 129)):
        assert image.getpixel(edge) == colour(0)
    assert image.getpixel((110, 110)) == WHITE
    assert image.getpixel((80, 88)) == colour(0)
    left, top, right, bottom = painted(image) or (0, 0, 0, 0)
    assert (left, right, bottom) == (80, 140, 130)
    assert 60 < top < 90


@pytest.mark.parametrize("box", [[0, 0, 200, 160], [190, 0, 200, 5], [0, 150, 5, 160]])
def test_a_label_at_an_edge_stays_inside(box: list[int]) -> None:
    image = draw(finding(box=box))
    assert painted(image) is not None
    assert image.size == (200, 160)


@pytest.mark.parametrize("size", [(20_000, 40), (40, 20_000)])
def test_a_label_in_a_thin_picture_does_not_hide_it(size: tuple[int, int]) -> None:
    left, top, right, bottom = painted(draw(finding(box=[0, 0, 30, 30]), size=size)) or (0, 0, 0, 0)
    assert 0 < (right - left) * (bottom - top) < 200 * 40


def test_masks_are_seen_through() -> None:
    image = draw(finding(polygons=[[[85, 95], [135, 95], [135, 125], [85, 125]]]))
    red, green, blue = image.getpixel((110, 110))  # type: ignore[misc]
    assert (red, green, blue) not in (WHITE, colour(0))
    assert image.getpixel((30, 140)) == WHITE


def test_keypoints_that_are_seen() -> None:
    image = draw(finding(keypoints=[[100, 110, 0.9], [120, 110, 0.1]]))
    assert image.getpixel((100, 110)) == colour(0)
    assert image.getpixel((120, 110)) == WHITE


def test_keypoints_without_scores() -> None:
    image = draw(finding(keypoints=[[100, 110], [0, 0]]))
    assert image.getpixel((100, 110)) == colour(0)
    assert image.getpixel((0, 0)) == WHITE


def test_a_turned_box_is_drawn_instead_of_the_upright_one() -> None:
    image = draw(finding(corners=[[110, 90], [130, 110], [110, 130], [90, 110]], box=[90, 90, 130, 130]))
    assert image.getpixel((120, 100)) == colour(0)
    assert image.getpixel((91, 129)) == WHITE


def test_a_turned_box_needs_no_upright_one() -> None:
    answer = finding(corners=[[110, 90], [130, 110], [110, 130], [90, 110]])
    del answer["detections"][0]["box"]
    assert painted(draw(answer)) is not None


def test_what_a_picture_is_classified_as_is_written_at_its_corner() -> None:
    answer = {"classifications": [{"class_id": n, "label": f"class {n}", "score": 0.3} for n in range(2)]}
    _, top, right, bottom = painted(draw(answer)) or (0, 0, 0, 0)
    assert top < 10
    assert right < 120
    assert 20 < bottom < 60


def test_the_same_class_has_the_same_colour_and_others_have_others() -> None:
    assert colour(3) == colour(3)
    assert len({colour(number) for number in range(80)}) == 80


def test_labels_in_any_language_and_boxes_without_area() -> None:
    assert painted(draw(finding(label="猫 🐈 ñ\n", box=[10, 10, 10, 10]), Form.JPEG)) is not None
