"""``python -m infra.localcloud``: run the local cloud until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from infra.localcloud.clock import Clock
from infra.localcloud.cloud import Cloud, Settings
from infra.localcloud.errors import LocalCloudError
from infra.localcloud.functions.pool import Pool
from infra.localcloud.gateway.server import GatewayServer
from infra.localcloud.launchers.dagger import DaggerLauncher
from infra.localcloud.launchers.launcher import Launcher
from infra.localcloud.launchers.process import ProcessLauncher
from infra.localcloud.moto_services import MotoServices
from infra.localcloud.registry import Registry
from infra.localcloud.sagemaker.data_plane import DataPlane
from infra.localcloud.sagemaker.fleets import Fleets
from infra.localcloud.sagemaker.rollout import Rollouts
from infra.localcloud.server import Application, make_http_server
from infra.localcloud.state import State

_LOG = logging.getLogger("infra.localcloud")


def main(arguments: list[str] | None = None) -> int:
    """Run the local cloud; exit code 0 after SIGTERM, 2 for a sentence on stderr."""
    options = _parse(arguments)
    logging.basicConfig(level=options.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(message)s")
    for noisy in ("botocore", "gql", "httpx", "urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # The local cloud calls no AWS: what points its libraries there must not reach them or the containers.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    try:
        _serve(options)
    except LocalCloudError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m infra.localcloud", description=sys.modules["infra.localcloud"].__doc__
    )
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 (a service in a container)
    parser.add_argument("--port", type=int, default=4566)
    parser.add_argument("--gateway-port", type=int, help="port for HTTP and WebSocket APIs (default: none)")
    parser.add_argument("--state", type=Path, required=True, help="directory that outlives the process")
    parser.add_argument("--registry", default="http://registry:5000", help="the OCI registry that holds the images")
    parser.add_argument("--launcher", choices=("dagger", "process"), default="dagger")
    parser.add_argument("--outputs-volume", help="ID of the cache volume that is mounted at STATE/outputs")
    parser.add_argument("--account", default="123456789012", help="the AWS account number")
    parser.add_argument("--time-scale", type=float, default=1.0, help="wall seconds for a second of AWS (tests: < 1)")
    parser.add_argument("--startup-timeout", type=float, default=480.0, help="seconds until /ping must answer 200")
    parser.add_argument("--ping-timeout", type=float, default=2.0, help="wall seconds for one /ping")
    parser.add_argument("--invocation-timeout", type=float, default=60.0, help="seconds for one invocation")
    parser.add_argument("--max-body-bytes", type=int, default=6 * 1024 * 1024, help="largest request body")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    options = parser.parse_args(arguments)
    if not (options.account.isdecimal() and len(options.account) == 12):
        parser.error(f"--account takes the 12 digits of an account number, not {options.account!r}")
    if options.time_scale <= 0:
        parser.error("--time-scale must be greater than 0")
    return options


def _launcher(options: argparse.Namespace, registry: Registry, state: State) -> Launcher:
    if options.launcher == "process":
        return ProcessLauncher(registry, state.outputs)
    if "DAGGER_SESSION_PORT" not in os.environ:
        raise LocalCloudError(
            "The dagger launcher needs a Dagger session: start this process in the engine with "
            "experimental_privileged_nesting, or by `dagger run`; --launcher process needs none."
        )
    return DaggerLauncher(registry, state, options.outputs_volume)


def _serve(options: argparse.Namespace) -> None:
    state = State(options.state)
    settings = Settings(
        account=options.account,
        port=options.port,
        registry_url=options.registry,
        startup_timeout_s=options.startup_timeout,
        ping_timeout_s=options.ping_timeout,
        invocation_timeout_s=options.invocation_timeout,
        max_body_bytes=options.max_body_bytes,
    )
    clock = Clock(options.time_scale)
    registry = Registry(settings.registry_url)
    moto = MotoServices(state, settings.account)
    fleets = Fleets(_launcher(options, registry, state), registry, clock, settings, moto.read_object)
    cloud = Cloud(settings, state, registry, clock, moto, fleets)
    rollouts = Rollouts(cloud)
    data_plane = DataPlane(cloud)
    # Functions reach this cloud as code on AWS reaches AWS: by what the SDK is told.
    sdk = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{options.port}"}
    if options.gateway_port:
        sdk["AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"] = f"http://127.0.0.1:{options.gateway_port}"
    functions = Pool(clock, state, sdk)
    gateway = GatewayServer(cloud, functions, options.host, options.gateway_port) if options.gateway_port else None
    server = make_http_server(Application(cloud, rollouts, data_plane, functions), options.host, options.port)

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        clock.stopping.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    rollouts.start()
    if gateway:
        gateway.start()
    data_plane.start()
    _LOG.info("the local cloud answers on port %d, its state is in %s", options.port, options.state)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        clock.stopping.set()
        server.server_close()
        data_plane.close()
        rollouts.close()
        if gateway:
            gateway.close()
        functions.close()
        fleets.close()


if __name__ == "__main__":
    sys.exit(main())
