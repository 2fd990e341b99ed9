"""Pictures in which the tiny model finds something."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw


def picture(kind: str = "JPEG", side: int = 64) -> bytes:
    """A red square on black that covers cells 2 to 3 of 8 in both directions."""
    image = Image.new("RGB", (side, side))
    ImageDraw.Draw(image).rectangle((side // 4, side // 4, side // 2 - 1, side // 2 - 1), (255, 0, 0))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()
