"""What a picture's bytes say without a decoder: its format, a WebP's size, how many frames, whether a PNG is intact."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from inference.errors import PictureTooLarge

MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
END = {"JPEG": b"\xff\xd9", "PNG": b"IEND", "GIF": b";"}
MAX_FRAMES = 10_000
"""A file of more frames was made to keep a decoder busy."""
ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a segment: TEM, RST0 to RST7, SOI."""
SCAN = b"\xff\xda"
MAX_SCANS = 30
"""A decoder goes through the whole picture for each; a progressive JPEG has about ten."""
FORMATS = ("WEBP", *MAGIC)
"""Names as Pillow writes them."""


def picture_format(data: bytes) -> str | None:
    """The format by its magic number, or None."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for kind, magic in MAGIC.items() if data.startswith(magic)), None)


def looks_truncated(data: bytes, kind: str) -> bool:
    """Whether a picture of a known format, which could not be read, ends too early."""
    if kind in END:
        return END[kind] not in data[-64:]
    if kind == "WEBP":
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    return kind == "BMP" and len(data) < int.from_bytes(data[2:6], "little")


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP canvas (RFC 9649, sections 2.5 to 2.7), or None where the header says nothing.

    Pillow's decoder reserves memory for the whole canvas when it opens a file: too late to refuse a bomb.
    """
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8 " and len(data) >= 30:
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    if chunk == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def check_png(data: bytes) -> None:
    """Raises ValueError for a PNG whose critical chunks do not have their checksums (PNG, third edition, 5.3 and 13.1).

    Pillow's decoder passes over broken data and gives black pixels, in which nothing would be found.
    """
    view, position = memoryview(data), 8
    while position + 12 <= len(data):
        end = position + 8 + int.from_bytes(view[position : position + 4], "big")
        name = bytes(view[position + 4 : position + 8])
        if end + 4 > len(data):
            break
        if name[:1].isupper() and zlib.crc32(view[position + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise ValueError(f"wrong checksum of {name!r}")
        if name == b"IEND":
            return
        position = end + 4
    raise ValueError("truncated")


def count_frames(data: bytes, kind: str) -> int:
    """How many frames a picture's file says that it has; raises PictureTooLarge for more than MAX_FRAMES.

    Pillow counts a TIFF's in time that grows with their square.
    """
    if kind == "PNG":
        # acTL stands before the pixels (PNG, third edition, 11.3.6).
        start = data.find(b"acTL", 0, max(0, data.find(b"IDAT")))
        count = max(1, int.from_bytes(data[start + 4 : start + 8], "big")) if start > 0 else 1
    else:
        frames = {"GIF": _gif_frames, "TIFF": _tiff_pages, "WEBP": _webp_frames}.get(kind)
        count = max(1, sum(1 for _ in islice(frames(data), MAX_FRAMES + 1))) if frames else 1
    if count > MAX_FRAMES:
        raise PictureTooLarge(f"The {kind} file has more than {MAX_FRAMES} frames. Send fewer.")
    return count


def _gif_frames(data: bytes) -> Iterator[int]:
    """Where each image of a GIF begins (GIF89a, sections 18 to 25)."""
    position = 13 + _gif_colours(data[10:11])
    while position < len(data):
        introducer = data[position : position + 1]
        if introducer == b",":
            yield position
            position += 11 + _gif_colours(data[position + 9 : position + 10])
        elif introducer == b"!":
            position += 2
        else:
            return
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1


def _gif_colours(flags: bytes) -> int:
    """Bytes of the colour table that the flags before it tell of."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _webp_frames(data: bytes) -> Iterator[int]:
    """Where each frame of an animated WebP begins (RFC 9649, section 2.7.1.1)."""
    position = 12
    while position + 8 <= len(data):
        if data[position : position + 4] == b"ANMF":
            yield position
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + size + (size & 1)


def _tiff_pages(data: bytes) -> Iterator[int]:
    """Where the directory of each page of a TIFF begins (TIFF 6.0, section 2; BigTIFF)."""
    order = "<" if data[:2] == b"II" else ">"
    count, entry, offset, first = ("Q", 20, "Q", 8) if b"+" in data[2:4] else ("H", 12, "I", 4)
    seen: set[int] = set()
    try:
        (position,) = struct.unpack_from(order + offset, data, first)
        while position and position not in seen:
            seen.add(position)
            (entries,) = struct.unpack_from(order + count, data, position)
            yield position
            (position,) = struct.unpack_from(order + offset, data, position + struct.calcsize(count) + entry * entries)
    except struct.error:
        return


def jpeg_end(data: bytes, start: int) -> int:
    """Behind the EOI of the JPEG that begins at `start`; the data's end when there is none (ITU-T T.81, annex B)."""
    position = start + 2
    while 0 <= position < len(data) - 1:
        if data[position] != 0xFF:
            # Entropy-coded data, up to the next marker.
            position = data.find(b"\xff", position)
        elif data[position + 1] in (0x00, 0xFF):
            position += 2 - (data[position + 1] == 0xFF)
        elif data[position + 1] == 0xD9:
            return position + 2
        elif data[position + 1] in ALONE:
            position += 2
        else:
            position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return len(data)


def check_jpeg(data: bytes) -> None:
    """Raises PictureTooLarge for a JPEG that keeps a decoder busy with more than MAX_SCANS scans."""
    # In pixels there is no marker: the bytes of one are found elsewhere at most, in a preview or in the next frame.
    if data.count(SCAN) > MAX_SCANS and data.count(SCAN, 0, jpeg_end(data, 0)) > MAX_SCANS:
        raise PictureTooLarge(
            f"The JPEG has more than {MAX_SCANS} scans. Save it again with fewer, or as a baseline one."
        )
