"""Good bodies of every kind that the server takes, small enough to be sent by the thousand."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
from PIL import Image, ImageCms, ImageDraw


def _image(mode: str = "RGB", size: tuple[int, int] = (72, 56)) -> Image.Image:
    noise = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise // 4)
    ImageDraw.Draw(image).rectangle((16, 16, 39, 39), (255, 0, 0))
    return image.convert(mode)


def _file(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    file = io.BytesIO()
    _image(mode).save(file, kind, **options)
    return file.getvalue()


def _form(data: bytes) -> tuple[bytes, str]:
    files = [("file", ("a.jpg", data)), ("file", ("b.jpg", data))]
    request = httpx.Request("POST", "http://image", files=files, data={"confidence": "0.5"})
    return request.read(), request.headers["Content-Type"]


def samples() -> list[tuple[bytes, str]]:
    """Bodies and their Content-Types."""
    more: dict[str, Any] = {
        "save_all": True,
        "append_images": [_image().rotate(90), _image().rotate(180)],
        "duration": 40,
    }
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    jpeg = _file("JPEG", quality=90)
    pictures = [
        jpeg,
        _file("JPEG", progressive=True, exif=exif, icc_profile=profile.replace(b"sRGB", b"xRGB")),
        _file("JPEG", "CMYK"),
        _file("JPEG", "L", restart_marker_rows=1),
        _file("PNG", "RGBA"),
        _file("PNG", "P"),
        _file("PNG", "I;16", icc_profile=profile),
        _file("PNG", **more),
        _file("GIF", **more),
        _file("WEBP"),
        _file("WEBP", lossless=True, exif=exif),
        _file("WEBP", **more),
        _file("BMP"),
        *(_file("TIFF", compression=name) for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits")),
        _file("TIFF", "CMYK", **more),
    ]
    array = io.BytesIO()
    np.save(array, np.stack([np.asarray(_image())] * 2))
    encoded = base64.b64encode(jpeg).decode()
    several = json.dumps({"images": [{"image": encoded}, {"image_url": "http://127.0.0.1/"}], "iou": 0.5})
    stream = b"".join(b"--x\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n" for _ in range(3))
    return [
        *((picture, "image/*") for picture in pictures),
        (array.getvalue(), "application/x-npy"),
        (json.dumps({"image": encoded, "confidence": 0.5}).encode(), "application/json"),
        (several.encode(), "application/json"),
        (stream, "multipart/x-mixed-replace; boundary=x"),
        _form(jpeg),
    ]
