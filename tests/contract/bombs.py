"""Small bodies that would take much memory or time if they were believed."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image


def _file(image: Image.Image, kind: str, **options: object) -> bytearray:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return bytearray(file.getvalue())


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width: int, height: int, *before: bytes, pixels: bytes = b"\0") -> bytes:
    """Grey, with chunks before the pixels."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    data = _chunk(b"IDAT", zlib.compress(pixels, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + data + _chunk(b"IEND", b"")


def tiff(*tags: tuple[int, int, int, int], entries: int | None = None, tail: bytes = b"") -> bytes:
    """Little-endian, one directory of (tag, type, count, value)."""
    directory = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    count = len(tags) if entries is None else entries
    return b"II*\0" + struct.pack("<IH", 8, count) + directory + bytes(4) + tail


def _grey_tiff(width: int, height: int, *more: tuple[int, int, int, int], tail: bytes = b"") -> bytes:
    tags = {256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    tags |= {273: (4, 1, 200), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, 64)}
    tags |= {tag: (kind, count, value) for tag, kind, count, value in more}
    return tiff(*((tag, *rest) for tag, rest in tags.items()), tail=tail or bytes(400))


def _scans(count: int) -> bytes:
    """A JPEG whose last refinement is repeated: each time, all of its 64 million coefficients are looked at."""
    data = bytes(_file(Image.new("RGB", (8000, 8000), (9, 9, 9)), "JPEG", progressive=True))
    scan = data.rfind(b"\xff\xda")
    tables = data.rfind(b"\xff\xc4", 0, scan)
    last = data[max(tables, data.rfind(b"\xff\xda", 0, scan) + 1) : -2]
    return data[:-2] + last * count + b"\xff\xd9"


def _chain(pages: int) -> bytes:
    """A TIFF of directories without an entry, each pointing to the next."""
    directories = b"".join(struct.pack("<HI", 0, 8 + 6 * (page + 1)) for page in range(pages))
    return b"II*\0" + struct.pack("<I", 8) + directories + bytes(6)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Names and bodies; none has more than 6 MB, most have less than 100 kB."""
    text = zlib.compress(bytes(60_000_000), 9)
    yield "a PNG of 100 megapixels", png(10_000, 10_000, pixels=bytes(10_001 * 10_000))
    yield "a PNG without end", png(2**31 - 1, 2**31 - 1)
    yield "a PNG whose profile unpacks to 60 MB", png(8, 8, _chunk(b"iCCP", b"x\0\0" + text), pixels=bytes(72))
    yield "a PNG whose text unpacks to 60 MB", png(8, 8, _chunk(b"zTXt", b"x\0\0" + text), pixels=bytes(72))
    small = _chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000), 9))
    yield "a PNG of 2,000 texts of 1 MB", png(8, 8, small * 2000, pixels=bytes(72))
    yield "a PNG of 2 billion frames", png(8, 8, _chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0)), pixels=bytes(72))
    yield "a PNG whose pixels unpack to more than there are", png(8, 8, pixels=bytes(100_000_000))
    jpeg = _file(Image.new("L", (16, 16)), "JPEG")
    start = jpeg.index(b"\xff\xc0")
    jpeg[start + 5 : start + 9] = struct.pack(">HH", 65500, 65500)
    yield "a JPEG of 4 gigapixels", bytes(jpeg)
    yield "a JPEG of 1,000 scans", _scans(1000)
    gif = _file(Image.new("P", (16, 16)), "GIF")
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    yield "a GIF of 4 gigapixels", bytes(gif)
    frame = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    yield "a GIF of 300,000 frames", b"GIF89a\x10\0\x10\0\x80\0\0" + bytes(6) + frame * 300_000 + b";"
    bmp = _file(Image.new("RGB", (16, 16)), "BMP")
    bmp[18:26] = struct.pack("<ii", 100_000, 100_000)
    yield "a BMP of 10 gigapixels", bytes(bmp)
    webp = _file(Image.new("RGB", (16, 16)), "WEBP", save_all=True, append_images=[Image.new("RGB", (16, 16), "red")])
    webp[24:30] = (16_382).to_bytes(3, "little") * 2
    yield "a WebP of 268 megapixels", bytes(webp)
    yield "a TIFF of 4 gigapixels", _grey_tiff(65_000, 65_000)
    yield "a TIFF of a million pages", _chain(1_000_000)
    yield "a TIFF of 65,535 entries", tiff(entries=65_535, tail=bytes(5_000_000))
    yield "a TIFF whose tag has 2 billion values", _grey_tiff(16, 16, (700, 7, 2**31 - 1, 8))
    yield "a TIFF whose strip has 4 GB", _grey_tiff(16, 16, (279, 4, 1, 2**32 - 1))
    for compression in (5, 8, 50000):
        tile = ((322, 4, 1, 60_000), (323, 4, 1, 60_000), (324, 4, 1, 200), (325, 4, 1, 64), (259, 3, 1, compression))
        yield f"a TIFF of one pixel in a tile of 3.6 gigapixels, {compression}", _grey_tiff(1, 1, *tile)
    packed = zlib.compress(bytes(16_000 * 16_000), 1)
    tile = ((322, 4, 1, 16_000), (323, 4, 1, 16_000), (324, 4, 1, 200), (325, 4, 1, len(packed)), (259, 3, 1, 8))
    yield (
        "a TIFF of one pixel in a tile of 256 megapixels that are there",
        _grey_tiff(1, 1, *tile, tail=bytes(200 - 8 - 2 - 13 * 12 - 4) + packed),
    )
    flat = _file(Image.new("L", (1000, 1000)), "TIFF", compression="tiff_adobe_deflate")
    yield (
        "a TIFF whose strip unpacks to more than there is",
        bytes(flat).replace(struct.pack("<HHII", 257, 4, 1, 1000), struct.pack("<HHII", 257, 4, 1, 1)),
    )
    yield "JSON of 3 million brackets", b'{"image": ' + b"[" * 3_000_000
    yield (
        "an array that promises 10 TB",
        b"\x93NUMPY\1\0v\0"
        + (b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000, 3333333, 3), }".ljust(117) + b"\n"),
    )
    yield "an AVI of 700,000 chunks", b"RIFF\0\0\0\0AVI " + b"00dc\0\0\0\0" * 700_000
    yield "joined JPEGs of nothing", b"\xff\xd8\xff\xd9" * 1_400_000
