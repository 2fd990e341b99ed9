"""The frames of a GIF, a WebP, a PNG, and the pages of a TIFF: each is made from the one before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from inference.decode import check_size, developed, opened, readable
from inference.errors import TruncatedImage
from inference.header import count_frames

if TYPE_CHECKING:
    from inference.decode import Gain, Picture


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

    def load(self, number: int, _: Gain, max_pixels: int) -> Picture:
        """A frame that was not read yet, at its full size; raises RequestError."""
        with readable(self._data, self._kind):
            begin = self._milliseconds
            while self._at < number:
                begin = self._milliseconds
                self._advance()
            width, height = self._image.size
            check_size(width, height, max_pixels)
            picture = developed(self._image, (width, height), self.count, profiles=self._profiles)
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
