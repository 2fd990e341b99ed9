"""A port for a server that is about to be started."""

from __future__ import annotations

import contextlib
import itertools
import random
import socket

_BELOW_CLIENTS = range(20_000, 32_768)
"""Linux gives outgoing connections ports from 32768 on (ip_local_port_range)."""
_PORTS = itertools.cycle(random.sample(_BELOW_CLIENTS, len(_BELOW_CLIENTS)))
"""In an order of chance, since other processes look for ports as well; each once before any again."""


def free_port() -> int:
    """A port that nobody listens on, and that is given to no outgoing connection before the server listens there."""
    for port in _PORTS:
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError
