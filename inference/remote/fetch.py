"""Fetching the picture that `image_url` points to, without being led anywhere it must not go.

Each address is checked after its name was resolved and the connection is made to the checked address itself, so a
second resolution cannot change it; the same again for every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urljoin

import anyio

from inference.errors import UrlFailed
from inference.memory import Take
from inference.remote.addresses import Address, AllowList, literal_address
from inference.remote.http import Target, failures, get

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)


async def fetch(url: str, allowed: AllowList, max_bytes: int, seconds: float, take: Take = lambda _: None) -> bytes:
    """The body behind a URL; raises UrlRefused when it leads where the server must not go, else UrlFailed."""
    with failures(seconds):
        for _ in range(MAX_REDIRECTS + 1):
            target = Target.parse(url)
            addresses = await _judged(target, allowed)
            answer = await get(target, addresses, {"Accept": "image/*"}, max_bytes, take)
            location = answer.headers.get("location")
            if answer.status not in REDIRECTS or location is None:
                if answer.status != 200:
                    raise UrlFailed(f"image_url answers with status {answer.status}. Send one that answers with 200.")
                return answer.body
            try:
                url = urljoin(url, location)
            except ValueError:
                raise UrlFailed("image_url redirects to what is no URL. Send the address it ends at.") from None
    raise UrlFailed(f"image_url redirects more than {MAX_REDIRECTS} times. Send the address it ends at.")


async def _judged(target: Target, allowed: AllowList) -> list[Address]:
    """Every address of a target's host; raises UrlRefused for the first that must not be reached."""
    allowed.check_host(target.scheme, target.host, target.port)
    addresses = await _resolve(target)
    for address in addresses:
        allowed.check_address(target.host, address)
    return addresses


async def _resolve(target: Target) -> list[Address]:
    literal = literal_address(target.host)
    if literal is not None:
        return [literal]
    found = await anyio.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(address[0]) for *_, address in found]
