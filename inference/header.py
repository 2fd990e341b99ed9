"""What a picture's bytes say without a decoder: its format, a WebP's size, whether a PNG is intact."""

from __future__ import annotations

import zlib

MAGIC = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "GIF": (b"GIF87a", b"GIF89a"),
    "BMP": (b"BM",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
END = {"JPEG": b"\xff\xd9", "PNG": b"IEND", "GIF": b";"}
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
