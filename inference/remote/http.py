"""One GET over HTTP/1.1 to an address that somebody has judged before."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import quote, urlsplit

import anyio
import h11
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from inference.errors import UrlFailed, UrlRefused
from inference.memory import Take
from inference.remote.addresses import DEFAULT_PORTS, Address, literal_address

NAME = re.compile(r"[a-z0-9._-]+")
"""A name that may be looked up; what has other characters is for no name server to see."""


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
            raise UrlRefused("image_url is not a URL. Send an http, https or s3 address.") from None
        if parts.scheme not in DEFAULT_PORTS or not (NAME.fullmatch(host) or literal_address(host)):
            raise UrlRefused("image_url is not an http, https or s3 address with a host. Send one that is.")
        if "@" in parts.netloc:
            raise UrlRefused("image_url holds a user name or password. Send one without, such as a signed URL.")
        query = f"?{parts.query}" if parts.query else ""
        path = quote(f"{parts.path or '/'}{query}", safe="/%:=&?~+!$,;'@()*[]-._")
        return cls(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path)

    @property
    def authority(self) -> str:
        """What the header Host says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """What came back; the body only of an answer with status 200."""

    status: int
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes = b""


@contextmanager
def failures(seconds: float) -> Iterator[None]:
    """Ends what takes longer, and turns whatever goes wrong between two hosts into UrlFailed."""
    try:
        with anyio.fail_after(seconds):
            yield
    except TimeoutError:
        raise UrlFailed(f"image_url did not answer within {seconds:g} s. Send the picture itself.") from None
    except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream) as error:
        reason = getattr(error, "strerror", "") or str(error) or type(error).__name__
        raise UrlFailed(f"The host of image_url cannot be reached ({reason}). Send the picture itself.") from None
    except (h11.RemoteProtocolError, h11.LocalProtocolError) as error:
        raise UrlFailed(f"image_url does not answer in HTTP ({error}). Send the picture itself.") from None


async def get(
    target: Target, addresses: Sequence[Address | str], headers: Mapping[str, str], max_bytes: int, take: Take
) -> Answer:
    """Connects to the first of the addresses that answers, and asks once; raises UrlFailed for a body that is too long.

    Whatever else goes wrong is raised as it comes: use it within `failures`.
    """
    stream = await _connect(target, addresses)
    try:
        return await _exchange(stream, target, headers, max_bytes, take)
    finally:
        await anyio.aclose_forcefully(stream)


async def _connect(target: Target, addresses: Sequence[Address | str]) -> ByteStream:
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


async def _exchange(
    stream: ByteStream, target: Target, headers: Mapping[str, str], max_bytes: int, take: Take
) -> Answer:
    connection = h11.Connection(h11.CLIENT)
    sent = [
        ("Host", target.authority),
        ("User-Agent", "slipway"),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *headers.items(),
    ]
    await stream.send(connection.send(h11.Request(method="GET", target=target.path, headers=sent)) or b"")
    await stream.send(connection.send(h11.EndOfMessage()) or b"")
    status, answered, body = 0, dict[str, str](), bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            try:
                connection.receive_data(await stream.receive())
            except anyio.EndOfStream:
                connection.receive_data(b"")
        elif isinstance(event, h11.Response):
            status = event.status_code
            answered = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            if status != 200:
                return Answer(status, answered)
        elif isinstance(event, h11.Data):
            body += event.data
            take(len(event.data))
            if len(body) > max_bytes:
                raise UrlFailed(f"The picture behind image_url has more than {max_bytes} bytes. Send a smaller one.")
        elif not isinstance(event, h11.InformationalResponse):
            return Answer(status, answered, bytes(body))
