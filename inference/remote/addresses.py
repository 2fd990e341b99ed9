"""Where `image_url` may point: an allow-list of hosts, and of networks for addresses that are not public."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from inference.errors import SettingsError, UrlRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
DEFAULT_PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"(\*|(\*\.)?[a-z0-9_]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9])?)*)(:[0-9]{1,5})?")
IPV6_UNICAST = ipaddress.IPv6Network("2000::/3")
"""What is routed (IANA, "IPv6 Address Space"); old forms that Python takes for public, such as fec0::/10, are not."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
HOW_TO_ALLOW = "Add it to SLIPWAY_IMAGE_URL_HOSTS of the container, or send the picture itself."


@dataclass(frozen=True)
class AllowList:
    """Hosts (`images.example.com`, `*.example.com`, `*`, each with an optional `:port`) and networks (`10.1.0.0/16`).

    A host without a port means ports 80 and 443. An address that is not public is reached only when a listed network
    holds it; a URL that names an address instead of a host needs such a network, too.
    """

    hosts: tuple[tuple[str, int | None], ...] = ()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> AllowList:
        """Reads the comma-separated setting; raises SettingsError for an entry that is neither host nor network."""
        hosts: list[tuple[str, int | None]] = []
        networks: list[Network] = []
        for entry in filter(None, (part.strip().lower() for part in text.split(","))):
            try:
                networks.append(ipaddress.ip_network(entry))
                continue
            except ValueError:
                pass
            if not HOST.fullmatch(entry):
                raise SettingsError(
                    f"SLIPWAY_IMAGE_URL_HOSTS holds {entry!r}, which is neither a host (images.example.com, "
                    "*.example.com, host:port) nor a network (10.1.0.0/16)."
                )
            host, _, port = entry.partition(":")
            hosts.append((host, int(port) if port else None))
        return cls(tuple(hosts), tuple(networks))

    def check_host(self, scheme: str, host: str, port: int) -> None:
        """Raises UrlRefused unless the list holds the host at this port; an address passes on to `check_address`."""
        if not self.hosts and not self.networks:
            raise UrlRefused(
                "This server fetches no pictures by URL. Set SLIPWAY_IMAGE_URL_HOSTS of the container to the hosts it "
                "may reach, such as images.example.com,*.cdn.example.com, or send the picture itself."
            )
        if literal_address(host) is not None:
            return
        if not any(_matches(host, port, scheme, *entry) for entry in self.hosts):
            raise UrlRefused(f"The host {host!r} at port {port} is not one that this server may reach. {HOW_TO_ALLOW}")

    def check_address(self, host: str, address: Address) -> None:
        """Raises UrlRefused unless the address that a host resolved to is public or in a listed network."""
        address = _unwrapped(address)
        if any(address in network for network in self.networks if network.version == address.version):
            return
        if literal_address(host) is not None:
            raise UrlRefused(f"The address {host} is in no network that this server may reach. {HOW_TO_ALLOW}")
        if not address.is_global or address.is_multicast or (address.version == 6 and address not in IPV6_UNICAST):
            raise UrlRefused(f"The host {host!r} leads to an address that is not public. {HOW_TO_ALLOW}")


NOWHERE = AllowList()
"""The default: no URL is fetched."""


def literal_address(host: str) -> Address | None:
    """The address that a URL's host spells out, or None for a name; an address with a zone (%eth0) is neither."""
    try:
        return None if "%" in host else ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(host: str, port: int, scheme: str, pattern: str, allowed_port: int | None) -> bool:
    if port != (DEFAULT_PORTS[scheme] if allowed_port is None else allowed_port):
        return False
    return pattern in ("*", host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _unwrapped(address: Address) -> Address:
    """An IPv4 address carried inside an IPv6 one (mapped, 6to4, NAT64) is judged as what it reaches."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
