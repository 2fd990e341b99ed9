"""One running engine: its name, its network, its registry's port, and where its files are.

The default instance serves everybody on the host. Another one, named by `SLIPWAY_ENGINE_INSTANCE`, shares the built
binaries and images with it and nothing else: tests that kill an engine use one.
"""

import ipaddress
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engine.errors import BadSetting
from engine.paths import CACHE, DEFAULT_SOCKET

NAME = "SLIPWAY_ENGINE_INSTANCE"
PORT = "SLIPWAY_ENGINE_REGISTRY_PORT"
SUBNET = "SLIPWAY_ENGINE_SUBNET"


@dataclass(frozen=True)
class Instance:
    """What tells one engine on a host from another."""

    name: str = "default"
    registry_port: int = 5000
    network: str = "dagger"
    subnet: str = "10.87.0.0/16"

    @property
    def is_default(self) -> bool:
        """Whether `dagger` reaches this instance without any environment variable."""
        return self.name == "default"

    @property
    def home(self) -> Path:
        """Everything of this instance that outlives the process."""
        return CACHE / "instances" / self.name

    @property
    def state(self) -> Path:
        """The engine's cache."""
        return self.home / "state"

    @property
    def logs(self) -> Path:
        """engine.log, registry.log and supervisor.log."""
        return self.home / "log"

    @property
    def run(self) -> Path:
        """The folder of the socket; it is /run/dagger inside the engine's own mount namespace."""
        return DEFAULT_SOCKET.parent if self.is_default else Path(f"/run/dagger-{self.name}")

    @property
    def socket(self) -> Path:
        """Where clients connect."""
        return self.run / DEFAULT_SOCKET.name

    @property
    def bridge(self) -> str:
        """The network interface that the containers hang on."""
        return f"{self.network}0"

    @property
    def cgroup(self) -> str:
        """The control group above all containers of this instance."""
        return f"slipway-engine-{self.name}"

    @property
    def registry(self) -> str:
        """Host and port of the registry that stands in for docker.io."""
        return f"127.0.0.1:{self.registry_port}"

    @property
    def runner_host(self) -> str:
        """The value for `_EXPERIMENTAL_DAGGER_RUNNER_HOST`."""
        return f"unix://{self.socket}"


def from_environment(environment: Mapping[str, str]) -> Instance:
    """The instance that the environment asks for.

    A named instance gets a port and a subnet made from its name, so that one variable is enough.

    Raises:
        BadSetting: a name, port or subnet cannot be used.
    """
    name = environment.get(NAME) or "default"
    # An interface's name has 15 characters at most (IFNAMSIZ): "sw-" + name + "0".
    if not re.fullmatch(r"[a-z][a-z0-9]{0,9}", name):
        raise BadSetting(f"{NAME} is {name!r}, but must be 1 to 10 lower-case letters and digits, a letter first.")
    number = zlib.crc32(name.encode()) % 100
    default = Instance()
    is_default = name == default.name
    port = environment.get(PORT) or str(default.registry_port if is_default else 5100 + number)
    if not (port.isascii() and port.isdecimal() and 1024 <= int(port) <= 65535):
        raise BadSetting(f"{PORT} is {port!r}, but must be a port from 1024 to 65535.")
    subnet = environment.get(SUBNET) or (default.subnet if is_default else f"10.{100 + number}.0.0/16")
    try:
        network = ipaddress.IPv4Network(subnet)
    except ValueError as error:
        raise BadSetting(
            f"{SUBNET} is {subnet!r}, which is not an IPv4 network such as 10.87.0.0/16: {error}."
        ) from None
    if network.prefixlen > 24:
        raise BadSetting(f"{SUBNET} is {subnet!r}, which is too small: give a /24 or larger, such as 10.87.0.0/16.")
    return Instance(name, int(port), default.network if is_default else f"sw-{name}", subnet)
