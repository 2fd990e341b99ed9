"""Fetching the picture that `image_url` points to, without being led anywhere it must not go.

Each address is checked after its name was resolved and the connection is made to the checked address itself, so a
second resolution cannot change it; the same again for every redirect.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urljoin, urlsplit

import anyio
import h11
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from inference.errors import UrlFailed, UrlRefused
from inference.remote.addresses import DEFAULT_PORTS, Address, AllowList, literal_address

MAX_REDIRECTS = 3
REDIRECTS = (301, 302, 303, 307, 308)
Take = Callable[[int], None]


@dataclass(frozen=True)
class Target:
    """A URL taken apart."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Target:
        """Raises UrlRefused for what is not a plain http or https URL."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").rstrip(".")
            if literal_address(host) is None:
                host = host.encode("idna").decode()
            port = parts.port
        except ValueError:
            raise UrlRefused("image_url is not a URL. Send an http or https address.") from None
        if parts.scheme not in DEFAULT_PORTS or not host:
            raise UrlRefused("image_url is not an http or https address with a host. Send one that is.")
        if "@" in parts.netloc:
            raise UrlRefused("image_url holds a user name or password. Send one without, such as a signed URL.")
        query = f"?{parts.query}" if parts.query else ""
        path = quote(f"{parts.path or '/'}{query}", safe="/%:=&?~+!$,;'@()*[]-._")
        return cls(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path)


async def fetch(url: str, allowed: AllowList, max_bytes: int, seconds: float, take: Take = lambda _: None) -> bytes:
    """The body behind a URL; raises UrlRefused when it leads where the server must not go, else UrlFailed.

    `take` is told of bytes as they come, and may refuse them by raising.
    """
    try:
        with anyio.fail_after(seconds):
            for _ in range(MAX_REDIRECTS + 1):
                answer = await _get(Target.parse(url), allowed, max_bytes, take)
                if isinstance(answer, bytes):
                    return answer
                url = urljoin(url, answer.location)
    except TimeoutError:
        raise UrlFailed(f"image_url did not answer within {seconds:g} s. Send the picture itself.") from None
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        raise UrlFailed(f"The host of image_url cannot be reached ({reason}). Send the picture itself.") from None
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        raise UrlFailed(f"image_url does not answer in HTTP ({error}). Send the picture itself.") from None
    raise UrlFailed(f"image_url redirects more than {MAX_REDIRECTS} times. Send the address it ends at.")


@dataclass(frozen=True)
class _Redirect:
    location: str


async def _get(target: Target, allowed: AllowList, max_bytes: int, take: Take) -> bytes | _Redirect:
    allowed.check_host(target.scheme, target.host, target.port)
    addresses = await _resolve(target)
    for address in addresses:
        allowed.check_address(target.host, address)
    stream = await _connect(target, addresses)
    try:
        return await _exchange(stream, target, max_bytes, take)
    finally:
        await anyio.aclose_forcefully(stream)


async def _resolve(target: Target) -> list[Address]:
    literal = literal_address(target.host)
    if literal is not None:
        return [literal]
    found = await anyio.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    return [ipaddress.ip_address(address[0]) for *_, address in found]


async def _connect(target: Target, addresses: list[Address]) -> ByteStream:
    failure: OSError | None = None
    for address in addresses:
        try:
            stream = await anyio.connect_tcp(str(address), target.port)
        except OSError as error:
            failure = error
            continue
        if target.scheme == "http":
            return stream
        return await TLSStream.wrap(stream, hostname=target.host, ssl_context=_tls(), standard_compatible=False)
    raise failure or OSError("no address")


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _exchange(stream: ByteStream, target: Target, max_bytes: int, take: Take) -> bytes | _Redirect:
    connection = h11.Connection(h11.CLIENT)
    default = target.port == DEFAULT_PORTS[target.scheme]
    host = f"[{target.host}]" if ":" in target.host else target.host
    headers = [
        ("Host", host if default else f"{host}:{target.port}"),
        ("User-Agent", "slipway"),
        ("Accept", "image/*"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ]
    await stream.send(connection.send(h11.Request(method="GET", target=target.path, headers=headers)) or b"")
    await stream.send(connection.send(h11.EndOfMessage()) or b"")
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                connection.receive_data(await stream.receive())
            except anyio.EndOfStream:
                connection.receive_data(b"")
        elif isinstance(event, h11.Response):
            location = dict(event.headers).get(b"location")
            if event.status_code in REDIRECTS and location is not None:
                return _Redirect(location.decode("latin-1"))
            if event.status_code != 200:
                raise UrlFailed(f"image_url answers with status {event.status_code}. Send one that answers with 200.")
        elif isinstance(event, h11.Data):
            body += event.data
            take(len(event.data))
            if len(body) > max_bytes:
                raise UrlFailed(f"The picture behind image_url has more than {max_bytes} bytes. Send a smaller one.")
        elif not isinstance(event, h11.InformationalResponse):
            return bytes(body)
