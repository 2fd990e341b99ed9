"""`make engine-down`: nothing of the engine stays on the host but its cache."""

import os
import shutil
from pathlib import Path

from engine import checks, command_line, residue, supervisor
from engine.errors import HostNotReady
from engine.instance import Instance
from engine.lock import exclusive
from engine.paths import CACHE, own_cache, own_link
from engine.say import say
from engine.up import LOCKED, WAITING


def down(instance: Instance, *, purge: bool) -> None:
    """Stops the instance and removes what it has left outside the cache folder.

    Where no engine of our own was ever made, the command line for the official one goes, which needs no root.

    Args:
        instance: what to stop.
        purge: whether its cache goes too; with the default instance's, what all share, unless another has a cache.

    Raises:
        EngineError: something would not end or be removed.
    """
    if instance.is_default and not instance.home.exists():
        remove_command_line(purge=purge)
        return
    problems = list(checks.root(os.geteuid()))
    if problems:
        raise HostNotReady(problems)
    with exclusive(LOCKED, WAITING):
        stopped = supervisor.stop(instance)
        residue.clear(instance)
        residue.remove_places(instance)
        if instance.is_default:
            command_line.unlink()
        if purge:
            shutil.rmtree(instance.home, ignore_errors=True)
            if instance.is_default:
                remove_shared(CACHE)
        elif instance.home.is_dir():
            (instance.home / "started-with").unlink(missing_ok=True)
    say(("stopped" if stopped else "was not running") + (", its cache is removed" if purge else "; its cache is kept"))


def remove_command_line(*, purge: bool) -> None:
    """Removes what `make engine` makes where there is an official engine; that one serves others too, and stays."""
    cache = own_cache()
    with exclusive(LOCKED if cache == CACHE or not cache.exists() else cache, WAITING):
        command_line.unlink(own_link())
        if purge:
            remove_shared(cache)
    say(
        f"there is none of our own; our link to a command line is gone{', its cache too' if purge else ''}. "
        "An official one stays in Docker: `docker ps --filter name=dagger-engine` shows it, `docker rm -f` ends it"
    )


def remove_shared(cache: Path) -> None:
    """Removes what all instances share once none has anything left."""
    instances = cache / "instances"
    if not instances.is_dir() or not any(instances.iterdir()):
        shutil.rmtree(cache, ignore_errors=True)
