from __future__ import annotations

import io
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.decode import BACKGROUND, Gain, Picture, decode
from inference.errors import (
    CorruptImage,
    NotAnImage,
    PictureTooLarge,
    RequestError,
    TruncatedImage,
    UnsupportedImage,
)

LIMIT = 64_000_000
RED, BLUE = (250, 10, 20), (10, 20, 250)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def two_coloured(width: int = 80, height: int = 40) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def fitting(side: int) -> Gain:
    """How a square network of this side scales a picture."""
    return lambda width, height: side / max(width, height)


def decoded(data: bytes, needed: int = 320) -> Picture:
    return decode(data, fitting(needed), LIMIT)


def colour(picture: Picture, x: float, y: float) -> tuple[int, ...]:
    """The colour at a place given from 0 to 1."""
    height, width = picture.pixels.shape[:2]
    return tuple(picture.pixels[int(y * height), int(x * width)].tolist())


def near(found: tuple[int, ...], wanted: tuple[int, ...], by: int = 12) -> bool:
    return max(abs(a - b) for a, b in zip(found, wanted, strict=True)) <= by


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format(kind: str) -> None:
    picture = decoded(encoded(two_coloured(), kind))
    assert (picture.width, picture.height, picture.frames) == (80, 40, 1)
    assert picture.pixels.shape == (40, 80, 3)
    assert picture.pixels.dtype == np.uint8
    assert near(colour(picture, 0.2, 0.5), RED)
    assert near(colour(picture, 0.8, 0.5), BLUE)


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (80, 40), (0.2, 0.5)),
        (2, (80, 40), (0.8, 0.5)),
        (3, (80, 40), (0.8, 0.5)),
        (4, (80, 40), (0.2, 0.5)),
        (5, (40, 80), (0.5, 0.2)),
        (6, (40, 80), (0.5, 0.2)),
        (7, (40, 80), (0.5, 0.8)),
        (8, (40, 80), (0.5, 0.8)),
        (0, (80, 40), (0.2, 0.5)),
        (99, (80, 40), (0.2, 0.5)),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(
    kind: str, orientation: int, size: tuple[int, int], red_at: tuple[float, float]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decoded(encoded(two_coloured(), kind, exif=exif))
    assert (picture.width, picture.height) == size
    assert near(colour(picture, *red_at), RED)


def test_the_two_mirrored_turns_differ_from_the_plain_ones() -> None:
    image = Image.new("RGB", (80, 40), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 20, 20))
    corners = {}
    for orientation in (5, 6, 7, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        picture = decoded(encoded(image, "PNG", exif=exif))
        corners[orientation] = [
            (x, y)
            for x in (0, 1)
            for y in (0, 1)
            if near(colour(picture, 0.05 + 0.9 * x, 0.05 + 0.9 * y), (255, 255, 255))
        ]
    assert corners == {5: [(0, 0)], 6: [(1, 0)], 7: [(1, 1)], 8: [(0, 1)]}


def test_broken_exif_does_not_make_a_picture_unreadable() -> None:
    picture = decoded(encoded(two_coloured(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff garbage"))
    assert (picture.width, picture.height) == (80, 40)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind: str) -> None:
    picture = decoded(encoded(two_coloured().convert("CMYK"), kind))
    assert near(colour(picture, 0.2, 0.5), RED)
    assert near(colour(picture, 0.8, 0.5), BLUE)


def test_grey_and_black_and_white() -> None:
    assert colour(decoded(encoded(Image.new("L", (8, 8), 77), "PNG")), 0.5, 0.5) == (77, 77, 77)
    assert colour(decoded(encoded(Image.new("1", (8, 8), 1), "PNG")), 0.5, 0.5) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_grey_keeps_its_high_byte(kind: str) -> None:
    values = np.array([[0, 255, 256, 0x7F80, 0xFF00, 0xFFFF]], np.uint16)
    picture = decoded(encoded(Image.fromarray(values), kind))
    assert picture.pixels[0, :, 0].tolist() == [0, 0, 1, 0x7F, 0xFF, 0xFF]


def test_sixteen_bit_colour_keeps_its_high_byte() -> None:
    row = b"\0" + b"".join(struct.pack(">HHH", 0xFF00, 0x8000, 0x00FF) for _ in range(4))
    picture = decoded(png(4, 1, row, bits=16, colours=2))
    assert colour(picture, 0.5, 0.5) == (0xFF, 0x80, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_transparent_lies_on_the_grey_of_the_letterbox(mode: str) -> None:
    image = Image.new("RGBA", (40, 20), (255, 0, 0, 0))
    image.paste((255, 255, 255, 255), (20, 0, 40, 20))
    kind = "TIFF" if mode == "PA" else "PNG"
    picture = decoded(encoded(image.convert("RGBA" if mode == "PA" else mode), kind))
    assert near(colour(picture, 0.1, 0.5), BACKGROUND, 1)
    assert near(colour(picture, 0.9, 0.5), (255, 255, 255), 1)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palettes_with_and_without_a_transparent_colour(kind: str) -> None:
    image = Image.new("P", (80, 40), 1)
    image.putpalette([*BLUE, *RED])
    image.paste(0, (40, 0, 80, 40))
    assert colour(decoded(encoded(image, kind)), 0.2, 0.5) == RED
    picture = decoded(encoded(image, kind, transparency=1))
    assert colour(picture, 0.2, 0.5) == BACKGROUND
    assert colour(picture, 0.8, 0.5) == BLUE


def test_a_colour_that_stands_for_transparent() -> None:
    picture = decoded(encoded(two_coloured(), "PNG", transparency=RED))
    assert (colour(picture, 0.2, 0.5), colour(picture, 0.8, 0.5)) == (BACKGROUND, BLUE)


def test_half_transparent_is_half_grey() -> None:
    picture = decoded(encoded(Image.new("RGBA", (8, 8), (255, 255, 255, 128)), "PNG"))
    assert near(colour(picture, 0.5, 0.5), (185, 185, 185), 1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_an_animation_the_first_frame_is_taken_and_the_number_told(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), (value, 0, 0)) for value in (250, 120, 10)]
    picture = decoded(encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    assert picture.frames == 3
    assert near(colour(picture, 0.5, 0.5), (250, 0, 0))


def test_a_phones_jpeg_with_a_preview_is_one_picture() -> None:
    data = encoded(two_coloured(), "MPO", save_all=True, append_images=[two_coloured(40, 20)])
    picture = decoded(data)
    assert (picture.width, picture.height, picture.frames) == (80, 40, 1)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_known_white_are_refused(mode: str) -> None:
    with pytest.raises(UnsupportedImage, match="32-bit"):
        decoded(encoded(Image.new(mode, (8, 8)), "TIFF"))


def detailed() -> Image.Image:
    """A picture whose file is long enough to be cut in interesting places."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_picture_that_was_cut_short(kind: str, share: float) -> None:
    data = encoded(detailed(), kind)
    with pytest.raises((TruncatedImage, CorruptImage)) as refused:
        decoded(data[: int(len(data) * share)])
    # TIFF has no end mark, and its directory may lie in what is missing.
    assert refused.type is TruncatedImage or kind == "TIFF"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_nothing_but_the_first_bytes(kind: str) -> None:
    with pytest.raises(TruncatedImage):
        decoded(encoded(detailed(), kind)[:14])


def test_a_complete_file_with_broken_data_is_corrupt() -> None:
    data = bytearray(png(64, 64, bytes(range(65)) * 64))
    start = data.index(b"IDAT") + 4
    data[start : start + 20] = b"\xff" * 20
    with pytest.raises(CorruptImage):
        decoded(bytes(data))


@pytest.mark.parametrize(
    "data",
    [b"x", b"not a picture at all", b"%PDF-1.7", b"<svg/>", b"\0" * 100, b"RIFF\0\0\0\0WAVE", b"\0\0\0\x1cftypavif"],
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(NotAnImage, match="JPEG"):
        decoded(data)


def png(width: int, height: int, rows: bytes, bits: int = 8, colours: int = 0) -> bytes:
    """A PNG put together by hand: its header may promise more than its data holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp(canvas: int) -> bytes:
    """An animated WebP whose header promises a canvas of canvas x canvas pixels."""
    frames = [Image.new("RGB", (16, 16), (value, 0, 0)) for value in (1, 200)]
    data = bytearray(encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]))
    assert data[12:16] == b"VP8X"
    data[24:30] = (canvas - 1).to_bytes(3, "little") * 2
    return bytes(data)


def bombs() -> list[Any]:
    jpeg = bytearray(encoded(Image.new("L", (16, 16)), "JPEG"))
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = struct.pack(">HH", 65500, 65500)
    gif = bytearray(encoded(Image.new("P", (16, 16)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    bmp = bytearray(encoded(Image.new("RGB", (16, 16)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 100_000, 100_000)
    return [
        pytest.param(png(10_000, 10_000, bytes(10_001 * 10)), id="png-100-megapixels"),
        pytest.param(png(2**31 - 1, 2**31 - 1, b"\0"), id="png-endless"),
        pytest.param(webp(16_383), id="webp"),
        pytest.param(bytes(jpeg), id="jpeg"),
        pytest.param(bytes(gif), id="gif"),
        pytest.param(bytes(bmp), id="bmp"),
    ]


@pytest.mark.parametrize("data", bombs())
def test_a_bomb_is_refused_by_its_header(data: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(PictureTooLarge, match="SLIPWAY_MAX_PIXELS"):
        decoded(data)
    assert time.perf_counter() - start < 0.1


def test_a_webp_bomb_does_not_reach_the_decoder_that_reserves_its_canvas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(PictureTooLarge):
        decoded(webp(16_383))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_limit_itself_is_allowed(kind: str) -> None:
    data = encoded(Image.new("RGB", (100, 50)), kind)
    assert decode(data, fitting(64), 5000).width == 100
    with pytest.raises(PictureTooLarge):
        decode(data, fitting(64), 4999)


@pytest.mark.parametrize("options", [{"lossless": True}, {"lossless": False}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}])
def test_the_limit_knows_every_kind_of_webp(options: dict[str, Any]) -> None:
    data = encoded(Image.new("RGB", (100, 50)), "WEBP", **options)
    with pytest.raises(PictureTooLarge):
        decode(data, fitting(64), 4999)


def with_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan, with its table, is repeated until there are so many."""
    data = encoded(Image.new("RGB", (64, 64), (9, 9, 9)), "JPEG", progressive=True)
    scan = data.rfind(b"\xff\xda")
    last = data[max(data.rfind(b"\xff\xc4", 0, scan), data.rfind(b"\xff\xda", 0, scan) + 1) : -2]
    return data[:-2] + last * (count - data.count(b"\xff\xda")) + b"\xff\xd9"


def test_a_jpeg_of_many_scans_keeps_nobody_busy() -> None:
    assert decoded(with_scans(30)).width == 64
    with pytest.raises(PictureTooLarge, match="30 scans"):
        decoded(with_scans(31))


def test_many_jpegs_in_a_row_are_not_many_scans() -> None:
    assert decoded(encoded(two_coloured(), "JPEG") * 40).width == 80


def test_a_picture_without_pixels_is_corrupt() -> None:
    with pytest.raises(CorruptImage):
        decoded(png(0, 10, b""))


def test_a_large_jpeg_is_decoded_at_the_size_that_the_network_needs() -> None:
    picture = decoded(encoded(two_coloured(4000, 3000), "JPEG"), needed=320)
    assert (picture.width, picture.height) == (4000, 3000)
    assert picture.pixels.shape == (375, 500, 3)
    assert near(colour(picture, 0.2, 0.5), RED)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (959, 100)])
def test_a_jpeg_that_is_not_far_larger_keeps_every_pixel(size: tuple[int, int]) -> None:
    assert decoded(encoded(two_coloured(*size), "JPEG"), needed=320).pixels.shape == (*reversed(size), 3)


def test_a_large_jpeg_on_its_side_is_reduced_and_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = decoded(encoded(two_coloured(4000, 3000), "JPEG", exif=exif), needed=320)
    assert (picture.width, picture.height) == (3000, 4000)
    assert picture.pixels.shape == (500, 375, 3)
    assert near(colour(picture, 0.5, 0.2), RED)


SAMPLES = [encoded(detailed(), kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")]


@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_pictures_decode_or_are_refused(sample: bytes, data: st.DataObject) -> None:
    mutated = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(1, len(mutated)))
    try:
        picture = decode(bytes(mutated[:end]), fitting(64), 1_000_000)
    except RequestError as error:
        assert 400 <= error.status < 500
        assert str(error).endswith(".")
    else:
        assert picture.pixels.ndim == 3
        assert picture.pixels.shape[2] == 3
        assert picture.pixels.dtype == np.uint8
