"""Colours as they are meant: from what a picture's ICC profile says to sRGB."""

from __future__ import annotations

import io
from typing import Final

from PIL import Image, ImageCms

SPACES: Final = {"RGB": "RGB ", "L": "GRAY", "CMYK": "CMYK"}
"""The colour space that a profile must be of, for each mode of pixels."""


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The image as RGB in sRGB; None where the profile changes nothing or cannot be used.

    As in browsers, a profile that is broken or of another colour space is one that is not there.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != SPACES.get(image.mode):
            return None
        if (source.profile.profile_description or "").startswith("sRGB"):
            return None
        return ImageCms.profileToProfile(
            image,
            source,
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent(ImageCms.getDefaultIntent(source)),
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
