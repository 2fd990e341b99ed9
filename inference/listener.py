"""The socket that listens, and how it is closed without losing those who are at the door."""

from __future__ import annotations

import array
import contextlib
import socket
import struct

from inference.errors import StartError

BACKLOG = 2048

SO_ATTACH_FILTER = 26
"""Linux: asm-generic/socket.h; Python's socket module does not name it."""
DROP_SYN = (
    (0x30, 0, 0, 13),  # ldb [13]: the flags of the TCP header (RFC 9293, section 3.1)
    (0x54, 0, 0, 0x12),  # and #SYN|ACK
    (0x15, 0, 1, 0x02),  # jeq #SYN
    (0x06, 0, 0, 0),  # ret #0: drop
    (0x06, 0, 0, 0xFFFFFFFF),  # ret #-1: keep
)
"""Classic BPF, as code, jt, jf, k: drops the packet that asks for a new connection, and no other."""


def listen(port: int) -> socket.socket:
    """Listens on every IPv4 address; raises StartError when the port is taken.

    Accepted connections inherit TCP_NODELAY, which asyncio sets for sockets of its own making only: without it the
    body of an answer on a kept connection waits 40 ms for the client's delayed acknowledgement of the headers.
    """
    try:
        listener = socket.create_server(("0.0.0.0", port), backlog=BACKLOG, reuse_port=False)  # noqa: S104
    except OSError as error:
        raise StartError(
            f"Port {port} cannot be listened on ({error.strerror}). Stop what uses it, or set SLIPWAY_PORT."
        ) from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def let_nobody_in(listener: socket.socket) -> bool:
    """From now on the kernel drops requests for new connections; those that were answered can still be accepted.

    Closing the socket resets all that wait to be accepted, and their clients have been told that they are connected.
    So the door is closed first, then the last are taken in, and only then the socket goes. A client that was not let in
    asks again after a second and is refused: nothing of it was lost. Where the kernel or the sandbox takes no
    filter, as in gVisor or under some seccomp profiles, it returns False, and clients who connect in the very moment of
    closing may be reset.
    """
    program = array.array("B", b"".join(struct.pack("HBBI", *instruction) for instruction in DROP_SYN))
    address, _ = program.buffer_info()
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(DROP_SYN), address))
        return True
    return False
