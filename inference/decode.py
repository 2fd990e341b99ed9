"""From a picture's bytes to upright RGB pixels, whatever the picture is made of."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from inference.errors import CorruptImage, NotAnImage, PictureTooLarge, RequestError, TruncatedImage, UnsupportedImage
from inference.header import FORMATS, check_png, looks_truncated, picture_format, webp_size

# The limit is checked here, with an answer of its own, before anything is decoded.
Image.MAX_IMAGE_PIXELS = None
# Pillow warns of odd metadata; a picture that decodes is good enough.
warnings.filterwarnings("ignore", module=r"PIL\.")
# Named, so that Pillow never searches for the plugin of a format: that imports all seventy of them during a request.
PLUGINS: Final = (
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

BACKGROUND: Final = (114, 114, 114)
"""Behind transparent pixels: the grey of the letterbox, which the network was trained to see as nothing."""
DRAFT_MARGIN: Final = 1.5
"""A JPEG is decoded at reduced size only when that leaves this many times the pixels that the network needs."""
ORIENTATION: Final = 0x0112
TRANSPOSED: Final = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: RGB, upright, perhaps smaller than the original."""

    pixels: Image.Image
    width: int
    """Of the original as it is looked at, after the EXIF orientation."""
    height: int
    frames: int
    """More than one for an animation, of which the first frame was decoded."""


def decode(data: bytes, gain: Callable[[int, int], float], max_pixels: int) -> Picture:
    """Decodes a picture for a network that sees it scaled by `gain`, which depends on its width and height.

    Raises NotAnImage, TruncatedImage, CorruptImage, UnsupportedImage or, before decoding, PictureTooLarge.
    """
    kind = picture_format(data)
    if kind is None:
        raise NotAnImage(f"The body is no picture that the server reads. Send one of {', '.join(FORMATS)}.")
    try:
        return _decode(data, kind, gain, max_pixels)
    except RequestError:
        raise
    except MemoryError:
        raise PictureTooLarge("The picture needs more memory than the server has. Send a smaller one.") from None
    except Exception as error:
        if looks_truncated(data, kind) or "truncated" in str(error):
            raise TruncatedImage(
                f"The {kind} picture ends before its data does ({len(data)} bytes). Send it again."
            ) from None
        raise CorruptImage(f"The {kind} picture cannot be decoded ({str(error)[:100]}). Send an intact one.") from None


def _decode(data: bytes, kind: str, gain: Callable[[int, int], float], max_pixels: int) -> Picture:
    if kind == "WEBP" and (size := webp_size(data)) is not None:
        _check_size(*size, max_pixels)
    image: Any = Image.open(io.BytesIO(data), formats=[kind])
    width, height = image.size
    _check_size(width, height, max_pixels)
    frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    if kind == "PNG":
        check_png(data)
    orientation = _orientation(image)
    if kind == "JPEG":
        share = gain(width, height) * DRAFT_MARGIN
        image.draft(None, (max(1, round(width * share)), max(1, round(height * share))))
    image.load()
    pixels = _upright(_rgb(image), orientation)
    if orientation in TRANSPOSED:
        width, height = height, width
    return Picture(pixels, width, height, frames)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width < 1 or height < 1:
        raise CorruptImage(f"The picture says that it is {width} x {height} pixels. Send an intact one.")
    if width * height > max_pixels:
        raise PictureTooLarge(
            f"The picture has {width} x {height} pixels, {width * height / 1e6:.1f} million; the server takes "
            f"{max_pixels / 1e6:.1f} million. Send a smaller one, or raise SLIPWAY_MAX_PIXELS of the container."
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turns and mirrors as the EXIF orientation says (2 to 8; anything else leaves the picture alone)."""
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image if method is None else image.transpose(method)


def _rgb(image: Image.Image) -> Image.Image:
    """8-bit RGB from any mode: 16-bit grey keeps its high byte, as OpenCV does; transparency lies on BACKGROUND."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        high_bytes = (np.asarray(image) >> 8).astype(np.uint8)
        return Image.fromarray(high_bytes, "L").convert("RGB")
    if image.mode in ("I", "F"):
        raise UnsupportedImage(
            f"The picture's pixels are 32-bit {'whole' if image.mode == 'I' else 'floating-point'} numbers without a "
            "known white. Send 8 or 16 bits for each channel."
        )
    if image.mode == "CMYK":
        return image.convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        background = Image.new("RGBA", rgba.size, (*BACKGROUND, 255))
        return Image.alpha_composite(background, rgba).convert("RGB")
    return image.convert("RGB")
