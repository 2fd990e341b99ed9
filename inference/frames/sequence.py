"""A body as a sequence of pictures, read as far as it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from inference.decode import decode
from inference.foreign import refusal
from inference.frames.animation import Animation, Coming
from inference.frames.motion_jpeg import Slice, avi_frames, is_avi, joined_jpegs
from inference.header import picture_format
from inference.options import Sampling

if TYPE_CHECKING:
    from inference.decode import Gain, Load, Picture


@dataclass(frozen=True)
class Frames:
    """The frames that were asked for."""

    loads: Iterator[Load]
    at_once: bool
    """Whether one can be read while another is; else they are to be read one after the other."""


def open_frames(data: bytes, sampling: Sampling, max_pixels: int, *, profiles: bool) -> Frames:
    """Opens a GIF, WebP, PNG, TIFF, AVI or joined JPEGs; any other body is a sequence of one.

    Raises RequestError where there is no sequence to be read.
    """
    chosen = range(0, sampling.every * sampling.limit, sampling.every)
    kind = picture_format(data)
    if kind in ("GIF", "WEBP", "PNG", "TIFF"):
        animation = Animation(data, kind, max_pixels, profiles=profiles)
        return Frames((Coming(animation, number) for number in chosen if number < animation.count), at_once=False)
    if kind is None and not is_avi(data):
        raise refusal(data)
    slices = avi_frames(data) if is_avi(data) else joined_jpegs(data) if kind == "JPEG" else ()
    if not slices:
        return Frames(iter([partial(decode, data, profiles=profiles)]), at_once=True)
    wanted = (partial(_one, data, slices, number, profiles=profiles) for number in chosen if number < len(slices))
    return Frames(wanted, at_once=True)


def _one(data: bytes, slices: Sequence[Slice], number: int, gain: Gain, max_pixels: int, *, profiles: bool) -> Picture:
    start, end, milliseconds = slices[number]
    picture = decode(data[start:end], gain, max_pixels, profiles=profiles)
    return replace(picture, frames=len(slices), frame=number, milliseconds=milliseconds)


def first_frame(data: bytes, gain: Gain, max_pixels: int, *, profiles: bool) -> Picture:
    """The first picture of a sequence that is not a picture itself."""
    return next(open_frames(data, Sampling(1, 1), max_pixels, profiles=profiles).loads)(gain, max_pixels)
