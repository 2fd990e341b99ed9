"""Listens from the start, and loads what serves with the first client: most deployments never ask the gateway."""

from __future__ import annotations

import logging
import select
import socket
import threading
from typing import TYPE_CHECKING, Any

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import LocalCloudError
from infra.localcloud.functions.pool import Pool

if TYPE_CHECKING:
    import uvicorn

_LOG = logging.getLogger(__name__)


class GatewayServer:
    """A port for APIs."""

    def __init__(self, cloud: Cloud, functions: Pool, host: str, port: int) -> None:
        """Bind the port; raises LocalCloudError when it is taken."""
        self._cloud = cloud
        self._functions = functions
        self._server: uvicorn.Server | None = None
        try:
            self._socket = socket.create_server((host, port), backlog=256)
        except OSError as error:
            raise LocalCloudError(
                f"Port {port} cannot be used: {error}. Choose another with --gateway-port."
            ) from error
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def close(self) -> None:
        """Let the clients go; the clock must be stopping."""
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(5)
        self._socket.close()

    def _run(self) -> None:
        stopping = self._cloud.clock.stopping
        while not select.select([self._socket], [], [], 0.2)[0]:
            if stopping.is_set():
                return
        import uvicorn  # noqa: PLC0415 (as the docstring of the module says)

        from infra.localcloud.gateway.application import Gateway  # noqa: PLC0415
        from infra.localcloud.gateway.connections import LARGEST, LARGEST_FRAME  # noqa: PLC0415

        # The protocol of `websockets` takes a limit for messages and one for frames; uvicorn hands on what it is given.
        sizes: Any = (LARGEST, LARGEST_FRAME)
        self._server = uvicorn.Server(
            uvicorn.Config(
                Gateway(self._cloud, self._functions),
                lifespan="off",
                log_config=None,
                access_log=False,
                ws="websockets-sansio",
                ws_max_size=sizes,
                ws_per_message_deflate=False,
                timeout_graceful_shutdown=1,
                h11_max_incomplete_event_size=65536,
            )
        )
        if not stopping.is_set():
            self._server.run(sockets=[self._socket])
