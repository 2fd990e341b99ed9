"""A command under the constraints of where it will run: `python -m infra.contract.sandbox CONSTRAINTS WORD…`.

CONSTRAINTS is a `Sandbox` as JSON. The process gives up what it must not have and becomes the command, so that signals
and exit codes are the command's own. It needs the right to make namespaces (root with CAP_SYS_ADMIN).

Memory is limited by RLIMIT_DATA, which counts all private writable memory: every exec may set it, where a control group
can only be made by an exec with root capabilities, at a place that differs between cgroup v1 and v2. It is the stricter
limit of the two: it counts what is asked for, and a cgroup what is used.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x00020000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MOUNT_OPTIONS = {"nosuid": 2, "nodev": 4, "noexec": 8, "noatime": 1 << 10, "nodiratime": 1 << 11, "relatime": 1 << 21}
"""Of a mount, what a remount would otherwise take away."""
SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8914, 0x1, 0x40

_libc = ctypes.CDLL(None, use_errno=True)


class NotConfined(Exception):
    """The kernel does not let this process confine itself."""


@dataclass(frozen=True)
class Sandbox:
    """What a process may have; None and False stand for no limit."""

    memory: int | None = None
    """Bytes of private memory."""
    model: str | None = None
    """A directory that is mounted read-only at `mount_point`."""
    mount_point: str = "/opt/ml/model"
    temporary: int | None = None
    """Bytes of a fresh /tmp; everything else is read-only then, /dev/shm too."""
    user: int | None = None
    """User and group, without any capability."""
    files: int | None = None
    """Files that may be open."""
    first: bool = False
    """Whether it is process 1, as in a container: the kernel then drops signals that it has no handler for."""

    def words(self, command: Sequence[str]) -> list[str]:
        """The command that runs another one in this sandbox."""
        return [sys.executable, "-m", "infra.contract.sandbox", json.dumps(asdict(self)), *command]

    def enter(self) -> None:
        """Gives up for good what this process must not have; raises NotConfined."""
        _call("unshare", _libc.unshare(CLONE_NEWNS | (CLONE_NEWPID if self.first else 0)))
        _mount(None, "/", MS_REC | MS_PRIVATE)
        if self.model is not None:
            Path(self.mount_point).mkdir(parents=True, exist_ok=True)
            _mount(self.model, self.mount_point, MS_BIND)
            _mount(None, self.mount_point, MS_BIND | MS_REMOUNT | MS_RDONLY)
        if self.temporary is not None:
            _make_all_read_only()
            _mount("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "tmpfs", f"size={self.temporary},mode=1777")  # noqa: S108
        for kind, limit in ((resource.RLIMIT_DATA, self.memory), (resource.RLIMIT_NOFILE, self.files)):
            if limit is not None:
                resource.setrlimit(kind, (limit, limit))
        if self.user is not None:
            os.setgroups([])
            os.setgid(self.user)
            os.setuid(self.user)
        if self.first:
            _become_a_parent()


def _become_a_parent() -> None:
    """Goes on in a child; this process only hands signals on to it, and ends as it does."""
    child = os.fork()
    if not child:
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda given, _: os.kill(child, given))
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def leave_the_network() -> None:
    """Moves this process to a network of its own that has nothing but loopback; raises NotConfined."""
    _call("unshare", _libc.unshare(CLONE_NEWNET))
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP | IFF_RUNNING))


def _make_all_read_only() -> None:
    """Every mount by itself: mount_setattr, which does it at once, is not in Linux 5.10 nor in emulated processes."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        target, options = line.split()[4:6]
        kept = sum(MOUNT_OPTIONS.get(option, 0) for option in options.split(","))
        try:
            _mount(None, target.encode().decode("unicode_escape"), MS_BIND | MS_REMOUNT | MS_RDONLY | kept)
        except NotConfined:
            # A mount that another one hides cannot be reached, by nobody.
            if target == "/":
                raise


def _mount(source: str | None, target: str, flags: int, kind: str | None = None, options: str | None = None) -> None:
    texts = [None if text is None else text.encode() for text in (source, target, kind, options)]
    _call(f"mount {target}", _libc.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]))


def _call(name: str, result: int) -> None:
    if result:
        raise NotConfined(
            f"{name} failed ({os.strerror(ctypes.get_errno())}): a process is confined by root with CAP_SYS_ADMIN. "
            "Run it as such, or leave --profile out."
        )


if __name__ == "__main__":
    Sandbox(**json.loads(sys.argv[1])).enter()
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command is what was asked for
