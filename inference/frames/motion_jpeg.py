"""Motion JPEG: JPEGs one after the other, as a bare stream, as cameras send them, or in an AVI file."""

from __future__ import annotations

from collections.abc import Iterator

from inference.errors import CorruptImage, PictureTooLarge, UnsupportedVideo
from inference.header import MAX_FRAMES, jpeg_end

Slice = tuple[int, int, float | None]
"""Where a JPEG begins and ends, and its milliseconds from the begin of the sequence."""

BEGIN = b"\xff\xd8\xff"
MULTI_PICTURE = b"MPF\0"
"""A camera's JPEG with previews behind it, which are no frames (CIPA DC-007)."""


def joined_jpegs(data: bytes) -> list[Slice]:
    """The JPEGs of a body, with or without text between them, as multipart/x-mixed-replace has it."""
    slices: list[Slice] = []
    start = data.find(BEGIN)
    while start >= 0:
        end = jpeg_end(data, start)
        slices.append((start, end, None))
        if len(slices) > MAX_FRAMES:
            raise PictureTooLarge(f"The body has more than {MAX_FRAMES} frames. Send fewer.")
        start = -1 if MULTI_PICTURE in data[start : start + 65_536] else data.find(BEGIN, end)
    return slices


def is_avi(data: bytes) -> bool:
    """Whether a body is an AVI file."""
    return data.startswith(b"RIFF") and data[8:12] == b"AVI "


def avi_frames(data: bytes) -> list[Slice]:
    """The JPEGs of an AVI file; raises UnsupportedVideo for another codec, CorruptImage without a frame.

    The format: "AVI RIFF File Reference" of DirectShow. An empty chunk stands for a frame that is not repeated.
    """
    each, is_video, codec = 0.0, False, b""
    slices: list[Slice] = []
    number = 0
    for name, start, end in _chunks(data, 0, len(data)):
        if name == b"avih":
            each = int.from_bytes(data[start : start + 4], "little") / 1000
        elif name == b"strh":
            is_video = data[start : start + 4] == b"vids"
        elif name == b"strf" and is_video:
            codec = data[start + 16 : start + 20]
        elif name[2:] in (b"dc", b"db"):
            if data.startswith(BEGIN, start):
                slices.append((start, end, round(number * each, 1)))
            number += 1
            if number > MAX_FRAMES:
                raise PictureTooLarge(f"The AVI file has more than {MAX_FRAMES} frames. Send fewer.")
    if codec.upper() != b"MJPG":
        raise UnsupportedVideo.of(f"AVI video ({codec.decode('latin-1')})")
    if not slices:
        raise CorruptImage("The AVI file holds no frame. Send an intact one.")
    return slices


def _chunks(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of every chunk that is no list, in the order in which they lie."""
    while position + 8 <= end:
        name = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        if name in (b"RIFF", b"LIST"):
            # What is in a list follows its name, and comes next.
            position += 12
            continue
        start = position + 8
        yield name, start, min(start + size, end)
        position = start + size + (size & 1)
