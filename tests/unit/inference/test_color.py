from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from inference.decode import BACKGROUND, decode
from tests.unit.inference import profiles

SWAPPED = profiles.rgb(profiles.SRGB[::-1])
"""A screen whose red is blue."""
ORANGE, TURNED = (200, 130, 90), (90, 130, 200)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(mode: str, value: Any) -> Image.Image:
    return Image.new(mode, (16, 16), value)


def seen(data: bytes, *, applied: bool = True) -> tuple[int, ...]:
    pixels = decode(data, lambda width, height: 1, 1_000_000, profiles=applied).pixels
    return tuple(int(value) for value in pixels[8, 8])


def near(found: tuple[int, ...], wanted: Any, by: int = 3) -> bool:
    return max(abs(a - int(b)) for a, b in zip(found, wanted, strict=True)) <= by


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_colours_are_what_the_profile_means(kind: str) -> None:
    data = encoded(plain("RGB", ORANGE), kind, icc_profile=SWAPPED, quality=100, lossless=True)
    assert near(seen(data), TURNED, 4)
    assert near(seen(data, applied=False), ORANGE, 4)


def test_a_wide_gamut_is_brought_into_srgb() -> None:
    colour = np.array([180, 110, 90])
    linear = np.array(profiles.DISPLAY_P3).T @ (colour / 255) ** 2.2
    values = np.linalg.inv(np.array(profiles.SRGB).T) @ linear
    wanted = 255 * np.where(values <= 0.0031308, 12.92 * values, 1.055 * np.abs(values) ** (1 / 2.4) - 0.055)
    data = encoded(plain("RGB", tuple(colour.tolist())), icc_profile=profiles.rgb(profiles.DISPLAY_P3))
    assert near(seen(data), wanted, 2)
    assert np.max(np.abs(wanted - colour)) > 10


def test_grey() -> None:
    data = encoded(plain("L", 128), icc_profile=profiles.grey(1.0))
    assert near(seen(data), (188, 188, 188), 2)
    data = encoded(plain("L", 128), "JPEG", icc_profile=profiles.grey(1.0))
    assert near(seen(data), (188, 188, 188), 2)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_inks(kind: str) -> None:
    press = profiles.inks((255, 128, 128), (128, 128, 128))
    assert near(seen(encoded(plain("CMYK", (0, 0, 0, 0)), kind, icc_profile=press)), (255, 255, 255))
    # L* = 50.2 is grey 119.
    assert near(seen(encoded(plain("CMYK", (0, 255, 0, 0)), kind, icc_profile=press)), (119, 119, 119), 6)
    assert near(seen(encoded(plain("CMYK", (0, 255, 0, 0)), kind)), (255, 0, 255), 6)


def test_what_is_transparent_keeps_its_background() -> None:
    assert near(seen(encoded(plain("RGBA", (*ORANGE, 255)), icc_profile=SWAPPED)), TURNED)
    assert seen(encoded(plain("RGBA", (*ORANGE, 0)), icc_profile=SWAPPED)) == BACKGROUND


def test_a_palette() -> None:
    image = plain("P", 1)
    image.putpalette([0, 0, 0, *ORANGE])
    assert near(seen(encoded(image, icc_profile=SWAPPED)), TURNED)


@pytest.mark.parametrize(
    "useless",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        profiles.rgb(profiles.SRGB[::-1], name=b"sRGB IEC61966-2.1"),
        profiles.grey(1.0),
        profiles.inks((255, 128, 128), (0, 128, 128)),
        SWAPPED[:200],
        SWAPPED[:128],
        b"no profile at all",
        bytes(300),
        SWAPPED.replace(b"acsp", b"oops"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_profile_that_says_nothing_is_not_there(useless: bytes, kind: str) -> None:
    assert near(seen(encoded(plain("RGB", ORANGE), kind, icc_profile=useless, quality=100)), ORANGE, 4)
