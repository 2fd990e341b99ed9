"""From a picture's bytes to upright RGB pixels, whatever the picture is made of."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from inference.errors import CorruptImage, PictureTooLarge, RequestError, TruncatedImage, UnsupportedImage
from inference.foreign import refusal
from inference.header import check_jpeg, check_png, count_frames, looks_truncated, picture_format, webp_size
from inference.jpeg import decode_jpeg

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
CHECKS: Final = {"JPEG": check_jpeg, "PNG": check_png}
ORIENTATION: Final = 0x0112
TILE_WIDTH: Final = 0x0142
TILE_LENGTH: Final = 0x0143
TRANSPOSED: Final = (5, 6, 7, 8)
"""EXIF orientations that swap width and height."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: RGB, upright, perhaps smaller than the original."""

    pixels: NDArray[np.uint8]
    """(height, width, 3)."""
    width: int
    """Of the original as it is looked at, after the EXIF orientation."""
    height: int
    frames: int
    """More than one for an animation, of which this is one."""
    frame: int | None = None
    """Which one, from 0; None where only the first was asked for."""
    milliseconds: float | None = None
    """When it is seen, from the begin of the animation."""


Gain = Callable[[int, int], float]
"""How much a network scales a picture of this width and height."""
Load = Callable[[Gain, int], Picture]
"""Reads a picture for such a network, if it has at most so many pixels."""


def decode(data: bytes, gain: Gain, max_pixels: int, *, profiles: bool = False) -> Picture:
    """Decodes a picture for a network that sees it scaled by `gain`, which depends on its width and height.

    With `profiles` its colours become those that its ICC profile means; without, numbers stay what they are.
    Raises NotAnImage, UnsupportedVideo, UnsupportedImage, TruncatedImage, CorruptImage or, before decoding,
    PictureTooLarge.
    """
    kind = picture_format(data)
    if kind is None:
        raise refusal(data)
    with readable(data, kind):
        image = opened(data, kind, max_pixels)
        frames = count_frames(data, kind)
        width, height = image.size
        if kind == "JPEG":
            needed = gain(width, height) * DRAFT_MARGIN
            if image.mode != "CMYK" and (pixels := decode_jpeg(data, width, height, needed)) is not None:
                profile = _profile(image, profiles=profiles)
                if profile and (meant := _meant(Image.fromarray(pixels), image.mode, profile)):
                    pixels = np.asarray(meant)
                return _upright(pixels, width, height, frames, _orientation(image))
            image.draft(None, (max(1, round(width * needed)), max(1, round(height * needed))))
        return developed(image, (width, height), frames, profiles=profiles)


def bare(values: NDArray[np.uint8], _: Gain, max_pixels: int) -> Picture:
    """The picture of pixels (height, width, 3); raises PictureTooLarge."""
    height, width, _channels = values.shape
    check_size(width, height, max_pixels)
    return Picture(values, width, height, 1)


@contextmanager
def readable(data: bytes, kind: str) -> Iterator[None]:
    """Turns whatever a decoder raises into a RequestError."""
    try:
        yield
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


def opened(data: bytes, kind: str, max_pixels: int) -> Any:
    """A picture of which only the header was read; raises PictureTooLarge, or whatever its decoder does."""
    if kind == "WEBP" and (size := webp_size(data)) is not None:
        check_size(*size, max_pixels)
    image = Image.open(io.BytesIO(data), formats=[kind])
    check_image(image, max_pixels)
    if kind in CHECKS:
        CHECKS[kind](data)
    return image


def developed(image: Image.Image, size: tuple[int, int], frames: int, *, profiles: bool) -> Picture:
    """The picture of an image of this width and height, which may be set to be decoded at smaller ones."""
    orientation, profile = _orientation(image), _profile(image, profiles=profiles)
    image.load()
    return _upright(np.asarray(_rgb(image, profile)), *size, frames, orientation)


def check_image(image: Any, max_pixels: int) -> None:
    """Raises PictureTooLarge for an image, or for the tiles that a TIFF is read by, however small it is itself."""
    width, height = image.size
    check_size(width, height, max_pixels)
    if image.format == "TIFF":
        across, down = (image.tag_v2.get(name, 1) for name in (TILE_WIDTH, TILE_LENGTH))
        check_size(across, down, max_pixels, what="tile of the picture")


def check_size(width: int, height: int, max_pixels: int, *, what: str = "picture") -> None:
    """Raises PictureTooLarge, or CorruptImage where there is no pixel."""
    if width < 1 or height < 1:
        raise CorruptImage(f"The {what} says that it is {width} x {height} pixels. Send an intact one.")
    if width * height > max_pixels:
        raise PictureTooLarge(
            f"The {what} has {width} x {height} pixels, {width * height / 1e6:.1f} million; the server takes "
            f"{max_pixels / 1e6:.1f} million. Send a smaller one, or raise SLIPWAY_MAX_PIXELS of the container."
        )


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:
        return 1


def _upright(pixels: NDArray[np.uint8], width: int, height: int, frames: int, orientation: int) -> Picture:
    """Turned and mirrored as the EXIF orientation says (2 to 8; anything else leaves it alone), without a copy."""
    if orientation in (3, 4, 6, 7):
        pixels = pixels[::-1]
    if orientation in (2, 3, 7, 8):
        pixels = pixels[:, ::-1]
    if orientation in TRANSPOSED:
        return Picture(pixels.transpose(1, 0, 2), height, width, frames)
    return Picture(pixels, width, height, frames)


def _profile(image: Image.Image, *, profiles: bool) -> bytes:
    profile = image.info.get("icc_profile") if profiles else None
    return profile if isinstance(profile, bytes) else b""


def _meant(image: Image.Image, mode: str, profile: bytes) -> Image.Image | None:
    """RGB as the profile of a picture means it, which was of this mode; None where the colours are what they are."""
    from inference.color import to_srgb  # noqa: PLC0415 - few pictures have a profile

    return to_srgb(image.getchannel(0) if mode == "L" else image, profile)


def _rgb(image: Image.Image, profile: bytes) -> Image.Image:
    """8-bit RGB from any mode: 16-bit grey keeps its high byte, as OpenCV does; transparency lies on BACKGROUND."""
    if image.mode.startswith("I;16"):
        high_bytes = (np.asarray(image) >> 8).astype(np.uint8)
        image = Image.fromarray(high_bytes, "L")
    if image.mode in ("I", "F"):
        raise UnsupportedImage(
            f"The picture's pixels are 32-bit {'whole' if image.mode == 'I' else 'floating-point'} numbers without a "
            "known white. Send 8 or 16 bits for each channel."
        )
    grey = image.mode in ("1", "L", "LA")
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    plain = image if image.mode == "CMYK" else image.convert("RGB")
    if profile:
        plain = _meant(plain, "L" if grey else "RGB", profile) or plain
    plain = plain.convert("RGB")
    if alpha is None:
        return plain
    return Image.composite(plain, Image.new("RGB", plain.size, BACKGROUND), alpha)
