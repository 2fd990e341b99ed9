"""Where a key stands in a TOML text: tomllib gives values without positions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Keys = tuple[str | int, ...]
_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_ASSIGNMENT = re.compile(rf"^\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*=")
_INLINE = re.compile(rf"[{{,]\s*({_KEY})\s*=")


def line_of(text: str, keys: Sequence[str | int]) -> int | None:
    """The line (from 1) of the key or list entry at `keys`, else of the nearest table around it; None if there is none.

    Reads keys line by line, which is exact for everything but multi-line strings that look like TOML themselves.
    """
    wanted = tuple(keys)
    best: tuple[int, int] | None = None
    for line, found in _positions(text):
        depth = len(found)
        if depth and wanted[:depth] == found and (best is None or depth > best[0]):
            best = (depth, line)
    return best[1] if best else None


def _positions(text: str) -> Iterator[tuple[int, Keys]]:
    """Every key with its line, in order; entries of lists written over several lines have their index."""
    table: Keys = ()
    entries: dict[Keys, int] = {}
    owner: Keys = ()
    item = -1
    for line, source in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(source):
            table = owner = _split(header[2])
            if header[1] == "[[":
                entries[table] = entries.get(table, -1) + 1
                yield line, table
                table = owner = (*table, entries[table])
            yield from ((line, table[: depth + 1]) for depth in range(len(table)))
            continue
        if (assignment := _ASSIGNMENT.match(source)) and not source.lstrip().startswith("{"):
            owner, item, rest = (*table, *_split(assignment[1])), -1, source[assignment.end() :]
            yield from ((line, owner[: depth + 1]) for depth in range(len(owner)))
        else:
            rest = source
        for part in re.split(r"(?=\{)", rest):
            listed = part.startswith("{") and (rest is source or "[" in rest.split("{")[0])
            item += listed
            inside = (*owner, item) if item >= 0 else owner
            yield line, inside
            yield from ((line, (*inside, *_split(key))) for key in _INLINE.findall(part))


def _split(dotted: str) -> Keys:
    return tuple(part.strip().strip("\"'") for part in re.findall(_KEY, dotted))
