"""The frames of a GIF, a WebP, a PNG, and the pages of a TIFF: each is made from the one before it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from inference.decode import check_image, developed, opened, readable
from inference.errors import TruncatedImage
from inference.header import count_frames

if TYPE_CHECKING:
    from inference.decode import Gain, Picture

MOMENT = 0.1
"""Seconds after which frames that are passed over let others work: a large one takes 0.3 s, and there may be 10,000."""


class Animation:
    """Reads frames forwards. One at a time: they share a decoder and its memory."""

    def __init__(self, data: bytes, kind: str, max_pixels: int, *, profiles: bool) -> None:
        """Reads the header; raises RequestError."""
        self._data, self._kind, self._profiles = data, kind, profiles
        with readable(data, kind):
            self.count = count_frames(data, kind)
            self._image = opened(data, kind, max_pixels)
        self._at = -1
        self._milliseconds = 0.0
        """When the frame that is read next begins to be seen."""

    def approach(self, number: int) -> bool:
        """Reads for a moment what comes before a frame; returns whether it is next. Raises RequestError."""
        end = time.monotonic() + MOMENT
        with readable(self._data, self._kind):
            while self._at < number - 1:
                self._advance()
                if time.monotonic() >= end:
                    break
        return self._at >= number - 1

    def load(self, number: int, _: Gain, max_pixels: int) -> Picture:
        """A frame that was not read yet, at its full size; raises RequestError."""
        with readable(self._data, self._kind):
            begin = self._milliseconds
            while self._at < number:
                begin = self._milliseconds
                self._advance()
            check_image(self._image, max_pixels)
            picture = developed(self._image, self._image.size, self.count, profiles=self._profiles)
        return replace(picture, frame=number, milliseconds=None if self._kind == "TIFF" else round(begin, 1))

    def _advance(self) -> None:
        try:
            self._image.seek(self._at + 1)
            if self._kind == "WEBP":
                self._image.load()
        except EOFError:
            raise TruncatedImage(
                f"The {self._kind} file says that it has {self.count} frames, and holds {self._at + 1}. Send it again."
            ) from None
        self._at += 1
        self._milliseconds += float(self._image.info.get("duration", 0))


@dataclass(frozen=True)
class Coming:
    """A frame that was not read yet, as a load."""

    animation: Animation
    number: int

    def approach(self) -> bool:
        """See `Animation.approach`."""
        return self.animation.approach(self.number)

    def __call__(self, gain: Gain, max_pixels: int) -> Picture:
        """See `Animation.load`."""
        return self.animation.load(self.number, gain, max_pixels)
