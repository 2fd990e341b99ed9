"""What `dagger` means in every shell of this host."""

import shutil
from pathlib import Path

from engine.paths import CACHE, CLI_LINK, own_cache
from engine.say import say

KEPT = "dagger.before-slipway"
"""Where a program of that name, which was there before, waits for `make engine-down`."""


def link(program: Path, place: Path = CLI_LINK) -> None:
    """Makes `dagger` mean the given program."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if not (place.is_symlink() and place.readlink() == program):
        if place.exists() and not is_ours(place):
            kept = place.with_name(KEPT)
            place.replace(kept)
            say(f"{place} was another program; it is kept as {kept}")
        fresh = place.with_name(".dagger.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(program)
        fresh.replace(place)
    found = shutil.which("dagger")
    if found != str(place):
        say(f"note: your PATH finds {found or 'no dagger'} instead of {place}; put {place.parent} first")


def unlink(place: Path = CLI_LINK) -> None:
    """Takes our `dagger` away and puts back the one that was there before."""
    if is_ours(place):
        place.unlink()
        kept = place.with_name(KEPT)
        if kept.exists():
            kept.replace(place)


def is_ours(place: Path) -> bool:
    """Whether it is a link into a cache folder of ours."""
    return place.is_symlink() and any(place.readlink().is_relative_to(cache) for cache in (CACHE, own_cache()))
