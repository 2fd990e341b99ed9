"""The socket that listens, and how it is closed without losing those who are at the door."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from inference.errors import StartError

BACKLOG = 2048

UNREAD_SECONDS = 30.0
"""A client that takes nothing of an answer for this long is gone, and the answer need not be kept any more."""
IP_MINTTL = 21
"""Linux: linux/in.h, ip(7); Python's socket module does not name it."""
HIGHEST_TTL = 255


def listen(port: int) -> socket.socket:
    """Listens on every IPv4 address; raises StartError when the port is taken.

    Accepted connections inherit its options. One is TCP_NODELAY, which asyncio sets for sockets of its own making only:
    without it the body of an answer on a kept connection waits 40 ms for the client's delayed acknowledgement of the
    headers. The other is TCP_USER_TIMEOUT: see UNREAD_SECONDS.
    """
    try:
        listener = socket.create_server(("0.0.0.0", port), backlog=BACKLOG, reuse_port=False)  # noqa: S104
    except OSError as error:
        raise StartError(
            f"Port {port} cannot be listened on ({error.strerror}). Stop what uses it, or set SLIPWAY_PORT."
        ) from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(UNREAD_SECONDS * 1000))
    return listener


def let_nobody_in(listener: socket.socket) -> None:
    """From now on the kernel drops requests for new connections; those that were answered can still be accepted.

    Closing the socket resets all that wait to be accepted, and their clients have been told that they are connected.
    So the door is closed first, then the last are taken in, and only then the socket goes. A client that was not let in
    asks again after a second and is refused: nothing of it was lost.

    The door is a lowest time to live that no client's packets have (Linux and Windows send 128 or less), which takes
    no privilege; a packet filter does. Where the kernel has none of it, as gVisor, clients who connect in the very
    moment of closing may be reset.
    """
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.IPPROTO_IP, IP_MINTTL, HIGHEST_TTL)


def hear(accepted: Any) -> None:
    """Takes packets of any time to live from a connection that was accepted: it may have inherited the closed door."""
    with contextlib.suppress(OSError):
        accepted.setsockopt(socket.IPPROTO_IP, IP_MINTTL, 0)
