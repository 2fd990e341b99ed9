"""A picture with what was found drawn into it."""

from __future__ import annotations

import colorsys
import io
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from inference.accept import Form
    from inference.decode import Load

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]

GOLDEN: Final = 0.618034
"""Of the colour circle, from one class to the next: neighbours differ, and no two are the same for long."""
SEEN_SCORE: Final = 0.5
"""A keypoint below is more likely hidden than seen, and is not drawn."""
JPEG_QUALITY: Final = 90


def drawn(load: Load, max_pixels: int, answer: dict[str, Any], form: Form) -> bytes:
    """The picture at its full size as JPEG or PNG, each finding in the colour of its class; raises RequestError."""
    image = Image.fromarray(load(lambda width, height: 1.0, max_pixels).pixels)
    canvas = ImageDraw.Draw(image, "RGBA")
    # A label higher than the picture hides it, and takes memory that grows with the square of its height.
    line = max(2, round(min(sum(image.size) / 2 * 0.003, min(image.size) * 0.02)))
    font = ImageFont.load_default(max(12, 6 * line))
    for finding in answer.get("detections", ()):
        _finding(canvas, finding, line, font)
    for place, finding in enumerate(answer.get("classifications", ())):
        _label(canvas, (line, line + place * 9 * line), finding, font, above=False)
    file = io.BytesIO()
    image.save(file, form.name, **({"quality": JPEG_QUALITY} if form.name == "JPEG" else {"compress_level": 1}))
    return file.getvalue()


def colour(class_id: int) -> Colour:
    """The colour of a class, the same in every picture."""
    red, green, blue = colorsys.hsv_to_rgb(class_id * GOLDEN % 1, 0.85, 0.95)
    return round(red * 255), round(green * 255), round(blue * 255)


def _finding(canvas: ImageDraw.ImageDraw, finding: dict[str, Any], line: int, font: Any) -> None:
    paint = colour(finding["class_id"])
    for polygon in finding.get("polygons", ()):
        if len(polygon) > 2:
            canvas.polygon(_points(polygon), fill=(*paint, 96), outline=(*paint, 255))
    corners = _points(finding.get("corners", ()))
    if corners:
        canvas.line([*corners, corners[0]], fill=paint, width=line, joint="curve")
        at = min(corners, key=lambda point: point[1])
    else:
        x1, y1, x2, y2 = finding["box"]
        canvas.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=paint, width=line)
        at = (x1, y1)
    for x, y, *score in finding.get("keypoints", ()):
        # A model without scores puts what it does not see at 0, 0.
        if score[0] >= SEEN_SCORE if score else x or y:
            canvas.ellipse((x - line, y - line, x + line, y + line), fill=paint, outline=(255, 255, 255))
    _label(canvas, at, finding, font)


def _points(pairs: Any) -> Points:
    return [(float(x), float(y)) for x, y in pairs]


def _label(
    canvas: ImageDraw.ImageDraw, at: tuple[float, float], finding: dict[str, Any], font: Any, *, above: bool = True
) -> None:
    """Name and score above a place, or below it where the picture ends or it is asked for."""
    paint, text = colour(finding["class_id"]), f"{finding['label']} {finding['score']:.2f}"
    right, bottom = canvas.textbbox((0, 0), text, font=font)[2:]
    x = max(0.0, min(at[0], canvas.im.size[0] - right))
    y = at[1] - bottom if above and at[1] >= bottom else at[1]
    canvas.rectangle((x, y, x + right, y + bottom), fill=paint)
    # Black on light colours, white on dark ones (luma of ITU-R BT.601).
    light = 0.299 * paint[0] + 0.587 * paint[1] + 0.114 * paint[2] > 140
    canvas.text((x, y), text, fill=(0, 0, 0) if light else (255, 255, 255), font=font)
