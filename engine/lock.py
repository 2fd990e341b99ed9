"""One `up` or `down` at a time on a host."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(folder: Path, waiting: str) -> Iterator[None]:
    """Holds the lock on an existing folder; the kernel drops it when the process ends, however it ends.

    A folder is locked rather than a file in it, so that nothing is created before the host has been checked.

    Args:
        folder: what to lock.
        waiting: what to print when another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(waiting, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
