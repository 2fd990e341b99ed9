from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.errors import TruncatedImage
from inference.jpeg import decode_jpeg


def jpeg(size: tuple[int, int], mode: str = "RGB", **options: Any) -> bytes:
    """Noise that is smooth enough to look like a picture."""
    noise = np.random.default_rng(5).integers(0, 256, (9, 12, len(mode)), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise.squeeze(), mode).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", **options)
    return file.getvalue()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"subsampling": 2}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(
    ("size", "needed", "reduction"),
    [
        ((641, 479), 1, 1),
        ((3, 2), 1, 1),
        ((641, 479), 0.51, 1),
        ((641, 479), 0.5, 2),
        ((999, 750), 0.26, 2),
        ((999, 750), 0.13, 4),
        ((2000, 19), 0.01, 8),
    ],
)
def test_the_pixels_are_those_that_pillow_finds(
    size: tuple[int, int], mode: str, needed: float, reduction: int, options: dict[str, Any]
) -> None:
    data = jpeg(size, mode, **options)
    found = decode_jpeg(data, *size, needed)
    image = Image.open(io.BytesIO(data))
    image.draft(None, (size[0] // reduction, size[1] // reduction))
    assert found is not None
    assert found.shape == (-(-size[1] // reduction), -(-size[0] // reduction), 3)
    if min(size) >= 8:
        assert np.array_equal(found, np.asarray(image.convert("RGB")))


def test_what_is_not_flawless_is_left_to_others() -> None:
    data = jpeg((64, 64))
    assert decode_jpeg(data[: len(data) // 2], 64, 64, 1) is None
    assert decode_jpeg(b"\xff\xd8\xff nothing", 64, 64, 1) is None


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_an_end_mark_behind_half_of_the_data_deceives_nobody(share: float, options: dict[str, Any]) -> None:
    data = jpeg((640, 480), **options)
    with pytest.raises(TruncatedImage):
        decode_jpeg(data[: int(len(data) * share)] + b"\xff\xd9", 640, 480, 1)
