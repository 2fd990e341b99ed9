"""Masks as COCO writes them: lengths of runs down the columns, as text (pycocotools, `maskApi.c`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def encode(part: NDArray[np.bool_], left: int, top: int, width: int, height: int) -> dict[str, Any]:
    """A mask of width x height that is `part` (rows, columns) at left, top, and nothing elsewhere.

    `size` is [height, width]; `counts` begins with the length of a run of nothing.
    """
    rows, columns = part.shape
    # An empty row at the end, so that no run goes on in the next column.
    padded = np.zeros((columns, rows + 1), np.int8)
    padded[:, :rows] = part.T
    edges = np.flatnonzero(np.diff(padded.ravel(), prepend=0))
    places = (edges // (rows + 1) + left) * height + edges % (rows + 1) + top
    # Where the mask reaches from the bottom of one column to the top of the next, it goes on after all.
    going_on = np.flatnonzero(places[1:] == places[:-1])
    places = np.delete(places, np.concatenate((going_on, going_on + 1)))
    counts = np.diff(places, prepend=0, append=width * height).tolist()
    return {"size": [height, width], "counts": _text(counts if counts[-1] else counts[:-1])}


def decode(mask: dict[str, Any]) -> NDArray[np.bool_]:
    """The mask (height, width) of `size` and `counts`; the server itself has no need of it."""
    height, width = mask["size"]
    counts: list[int] = []
    value = shift = 0
    for character in mask["counts"].encode():
        bits = character - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if not bits & 0x20:
            signed = value - (1 << shift) if bits & 0x10 else value
            counts.append(signed + counts[-2] if len(counts) > 2 else signed)
            value = shift = 0
    inside = np.arange(len(counts)) % 2 == 1
    return np.repeat(inside, counts).reshape(width, height).T if counts else np.zeros((height, width), bool)


def _text(counts: list[int]) -> str:
    """Each count as its difference to the one before the last, five bits a character, the lowest first."""
    written = bytearray()
    for index, count in enumerate(counts):
        rest = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if bits & 0x10 else 0)
            written.append(bits + (0x20 if more else 0) + 48)
    return written.decode()
