from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from inference.decode import Picture
from inference.errors import CorruptImage, NotAnImage, PictureTooLarge, RequestError, TruncatedImage, UnsupportedVideo
from inference.frames.animation import Coming
from inference.frames.sequence import first_frame, open_frames
from inference.options import Sampling

LIMIT = 1_000_000


def fitting(width: int, height: int) -> float:
    return 64 / max(width, height)


def image(value: int, size: tuple[int, int] = (32, 24)) -> Image.Image:
    return Image.new("RGB", size, (value, 0, 0))


def encoded(kind: str, *values: int, **options: Any) -> bytes:
    file = io.BytesIO()
    first, *more = [image(value) for value in values]
    series = {"save_all": True, "append_images": more, "lossless": True} if more else {}
    first.save(file, kind, **series, **options)
    return file.getvalue()


def jpeg(value: int) -> bytes:
    return encoded("JPEG", value, quality=100)


def chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def avi(*frames: bytes, codec: bytes = b"MJPG", microseconds: int = 40_000) -> bytes:
    """As ffmpeg writes it: headers, a sound stream beside the pictures, an index at the end."""
    video = chunk(b"strh", b"vids" + codec + bytes(48)) + chunk(b"strf", bytes(16) + codec + bytes(20))
    sound = chunk(b"strh", b"auds" + bytes(52)) + chunk(b"strf", bytes(18))
    streams = b"".join(chunk(b"LIST", b"strl" + stream) for stream in (video, sound))
    header = chunk(b"LIST", b"hdrl" + chunk(b"avih", struct.pack("<I", microseconds) + bytes(52)) + streams)
    movie = b"".join(chunk(b"01wb", b"noise") + chunk(b"00dc", frame) for frame in frames)
    return chunk(
        b"RIFF", b"AVI " + header + chunk(b"JUNK", b"x") + chunk(b"LIST", b"movi" + movie) + chunk(b"idx1", b"")
    )


def pictures(data: bytes, every: int = 1, limit: int = 100) -> list[Picture]:
    return [load(fitting, LIMIT) for load in open_frames(data, Sampling(every, limit), LIMIT, profiles=True).loads]


def reds(found: list[Picture]) -> list[int]:
    return [round(int(picture.pixels[5, 5, 0]), -1) for picture in found]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_every_frame_of_an_animation(kind: str) -> None:
    found = pictures(encoded(kind, 250, 120, 10, 60))
    assert reds(found) == [250, 120, 10, 60]
    assert [picture.frame for picture in found] == [0, 1, 2, 3]
    assert {(picture.width, picture.height, picture.frames) for picture in found} == {(32, 24, 4)}


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_times_are_the_sums_of_those_before(kind: str) -> None:
    data = encoded(kind, 250, 120, 10, duration=[100, 300, 50])
    assert [picture.milliseconds for picture in pictures(data)] == [0, 100, 400]
    assert [picture.milliseconds for picture in pictures(data, every=2)] == [0, 400]


def test_pages_have_no_times_and_sizes_of_their_own() -> None:
    file = io.BytesIO()
    image(9).save(file, "TIFF", save_all=True, append_images=[image(99, (48, 16))])
    found = pictures(file.getvalue())
    assert [(picture.width, picture.height, picture.milliseconds) for picture in found] == [
        (32, 24, None),
        (48, 16, None),
    ]


@pytest.mark.parametrize("make", [lambda *v: encoded("GIF", *v), lambda *v: b"".join(map(jpeg, v))])
def test_some_frames(make: Any) -> None:
    data = make(*range(0, 250, 10))
    assert [picture.frame for picture in pictures(data, every=7)] == [0, 7, 14, 21]
    assert reds(pictures(data, every=7, limit=2)) == [0, 70]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames_are_passed_over_step_by_step(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr("inference.frames.animation.MOMENT", 0.0)
    frames = open_frames(encoded(kind, *range(0, 250, 50)), Sampling(4, 2), LIMIT, profiles=False)
    first, last = frames.loads
    assert isinstance(first, Coming)
    assert isinstance(last, Coming)
    assert first.approach()
    assert reds([first(fitting, LIMIT)]) == [0]
    assert [last.approach() for _ in range(3)] == [False, False, True]
    assert reds([last(fitting, LIMIT)]) == [200]


def test_joined_jpegs() -> None:
    found = pictures(jpeg(250) + jpeg(120) + b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg(10))
    assert reds(found) == [250, 120, 10]
    assert [(picture.frame, picture.frames, picture.milliseconds) for picture in found] == [
        (0, 3, None),
        (1, 3, None),
        (2, 3, None),
    ]


def test_a_preview_inside_a_jpeg_is_no_frame() -> None:
    preview = jpeg(10)
    file = io.BytesIO()
    image(250).save(file, "JPEG", exif=b"Exif\0\0" + preview, quality=100)
    assert reds(pictures(file.getvalue() + jpeg(120))) == [250, 120]


def test_what_a_phone_puts_behind_a_jpeg_is_no_frame() -> None:
    file = io.BytesIO()
    image(250).save(file, "MPO", save_all=True, append_images=[image(10)])
    assert reds(pictures(file.getvalue())) == [250]


def test_motion_jpeg_in_an_avi() -> None:
    found = pictures(avi(jpeg(250), b"", jpeg(120), jpeg(10)))
    assert reds(found) == [250, 120, 10]
    assert [picture.milliseconds for picture in found] == [0, 80, 120]
    assert reds([first_frame(avi(jpeg(60), jpeg(10)), fitting, LIMIT, profiles=True)]) == [60]


def test_an_avi_without_huffman_tables() -> None:
    data = jpeg(250)
    start = data.index(b"\xff\xc4")
    end = data.index(b"\xff\xda")
    without = data[:start] + data[end:]
    assert b"\xff\xc4" not in without
    assert reds(pictures(avi(without))) == [250]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (avi(jpeg(1), codec=b"H264"), UnsupportedVideo),
        (avi(), CorruptImage),
        (avi(b"not a jpeg"), CorruptImage),
        (b"RIFF\0\0\0\0AVI ", UnsupportedVideo),
        (b"no sequence", NotAnImage),
        (avi(*[b""] * 10_001), PictureTooLarge),
        ((b"\xff\xd8\xff\xd9") * 10_001, PictureTooLarge),
    ],
)
def test_what_is_no_sequence(data: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error):
        open_frames(data, Sampling(1, 5), LIMIT, profiles=True)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_was_cut_short(kind: str) -> None:
    data = encoded(kind, *range(0, 250, 10))
    with pytest.raises((TruncatedImage, CorruptImage)):
        pictures(data[: len(data) * 2 // 3])


SAMPLES = [encoded(kind, 250, 10, 90) for kind in ("GIF", "WEBP", "PNG", "TIFF")] + [
    jpeg(9) + jpeg(99),
    avi(jpeg(9), jpeg(99)),
]


@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_sequences_are_read_or_refused(sample: bytes, data: st.DataObject) -> None:
    mutated = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 8))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert pictures(bytes(mutated))
    except RequestError as error:
        assert 400 <= error.status < 500
