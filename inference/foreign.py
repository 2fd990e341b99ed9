"""Pictures and videos that are known and not read, and what to do with them."""

from __future__ import annotations

from inference.errors import NotAnImage, RequestError, UnsupportedVideo
from inference.header import FORMATS

STILL_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}
MAGIC = {
    b"\x1a\x45\xdf\xa3": "Matroska or WebM video",
    b"FLV\x01": "Flash video",
    b"\0\0\1\xba": "MPEG video",
    b"\0\0\1\xb3": "MPEG video",
    b"\x30\x26\xb2\x75": "Windows Media video",
    b"OggS": "Ogg video",
    b"\0\0\0\x0cjP  ": "JPEG 2000 picture",
    b"\xff\x0a": "JPEG XL picture",
    b"8BPS": "Photoshop file",
    b"%PDF": "PDF file",
}


def refusal(data: bytes) -> RequestError:
    """The error for a body that is no picture which the server reads, by what it is instead."""
    if data[4:8] == b"ftyp":
        if still := STILL_BRANDS.get(data[8:12]):
            return _convert(f"{still} picture")
        return UnsupportedVideo.of("MP4 or QuickTime video")
    if len(data) > 376 and data[0] == data[188] == data[376] == 0x47:
        return UnsupportedVideo.of("MPEG transport stream")
    name = next((name for magic, name in MAGIC.items() if data.startswith(magic)), None)
    if name is None:
        return NotAnImage(f"The body is no picture that the server reads. Send one of {', '.join(FORMATS)}.")
    return UnsupportedVideo.of(name) if name.endswith("video") else _convert(name)


def _convert(name: str) -> RequestError:
    return NotAnImage(f"The body is a {name}, which the server does not read. Convert it to JPEG, PNG or WebP.")
