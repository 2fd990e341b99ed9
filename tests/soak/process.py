"""What Linux knows of a process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Vitals:
    """What a process holds at one time."""

    memory: int
    """Resident bytes."""
    threads: int
    files: int
    """Open descriptors, connections among them."""

    @classmethod
    def of(cls, pid: int) -> Vitals:
        """Reads /proc (proc(5))."""
        folder = Path(f"/proc/{pid}")
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        files = len(list((folder / "fd").iterdir()))
        return cls(int(status["VmRSS"].split()[0]) * 1024, int(status["Threads"]), files)
