from __future__ import annotations

import socket
import time
from collections.abc import Callable

import anyio
import pytest
from anyio.abc import SocketStream

from inference.errors import UrlFailed, UrlRefused
from inference.remote.addresses import AllowList
from inference.remote.fetch import fetch
from inference.remote.http import Target
from tests.unit.inference.remote.hosts import answer, host

LOCAL = AllowList.parse("127.0.0.0/8")


async def test_fetches_a_picture_and_says_who_is_asked_for() -> None:
    async with host(answer(b"\xff\xd8picture")) as (url, asked):
        assert await fetch(f"{url}/a b/ä.jpg?size=1&x=%20", LOCAL, 1000, 5) == b"\xff\xd8picture"
    assert asked[0].startswith(b"GET /a%20b/%C3%A4.jpg?size=1&x=%20 HTTP/1.1\r\n")
    assert url.removeprefix("http://").encode() in asked[0]


async def test_chunked_answers_and_answers_without_a_length_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    async with host(chunked, b"HTTP/1.1 200 OK\r\n\r\nuntil the end") as (url, _):
        assert await fetch(url, LOCAL, 100, 5) == b"abcde"
        assert await fetch(url, LOCAL, 100, 5) == b"until the end"


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
async def test_redirects_are_followed(status: str) -> None:
    async with host(answer(b"", status, "Location: /there\r\n"), answer(b"here")) as (url, asked):
        assert await fetch(f"{url}/start", LOCAL, 100, 5) == b"here"
    assert asked[1].startswith(b"GET /there ")


async def test_a_redirect_is_checked_like_the_first_address() -> None:
    for target in ("http://169.254.169.254/latest/meta-data", "http://[::1]/", "ftp://127.0.0.1/", "//10.0.0.1/x"):
        async with host(answer(b"", "302 Found", f"Location: {target}\r\n")) as (url, _):
            with pytest.raises(UrlRefused):
                await fetch(url, LOCAL, 100, 5)


async def test_a_redirect_to_what_is_no_url_is_a_sentence() -> None:
    async with host(answer(b"", "302 Found", "Location: http://[/\r\n")) as (url, _):
        with pytest.raises(UrlFailed, match="redirects to what is no URL"):
            await fetch(url, LOCAL, 100, 5)


async def test_endless_redirects_end() -> None:
    async with host(answer(b"", "302 Found", "Location: /again\r\n")) as (url, asked):
        with pytest.raises(UrlFailed, match="redirects"):
            await fetch(url, LOCAL, 100, 5)
    assert len(asked) == 4


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (answer(status="404 Not Found"), "404"),
        (answer(status="500 Oops"), "500"),
        (answer(b"x" * 101), "more than 100 bytes"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000, "more than 100 bytes"),
        (b"this is not HTTP\r\n\r\n", "HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "HTTP"),
        (b"", "HTTP"),
    ],
)
async def test_hosts_that_fail(reply: bytes, reason: str) -> None:
    async with host(reply) as (url, _):
        with pytest.raises(UrlFailed, match=reason):
            await fetch(url, LOCAL, 100, 5)


async def test_one_time_limit_holds_for_everything_even_when_bytes_keep_dripping() -> None:
    async with host(answer(b"x" * 100), pause=0.05) as (url, _):
        start = time.monotonic()
        with pytest.raises(UrlFailed, match=r"0\.3 s"):
            await fetch(url, LOCAL, 1000, 0.3)
    assert time.monotonic() - start < 2


async def test_a_closed_port_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UrlFailed, match=r"cannot be reached .*connection attempts failed"):
        await fetch(f"http://127.0.0.1:{port}/", LOCAL, 100, 5)


Resolver = Callable[..., object]


def resolving_to(*addresses: str) -> Resolver:
    """A resolver that gives the addresses one after the other, as a name server does that rebinds."""
    remaining = list(addresses)

    async def resolve(name: str, port: int, **_: object) -> list[tuple[object, ...]]:
        address = remaining.pop(0) if len(remaining) > 1 else remaining[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port))]

    return resolve


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.5"])
async def test_a_listed_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(anyio, "getaddrinfo", resolving_to(address))
    with pytest.raises(UrlRefused, match="not public"):
        await fetch("http://images.example.com/", AllowList.parse("images.example.com"), 100, 5)


async def test_the_connection_is_made_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[str] = []

    async def connect(address: str, port: int) -> SocketStream:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(anyio, "getaddrinfo", resolving_to("93.184.216.34", "127.0.0.1"))
    monkeypatch.setattr(anyio, "connect_tcp", connect)
    with pytest.raises(UrlFailed):
        await fetch("https://images.example.com/", AllowList.parse("images.example.com"), 100, 5)
    assert connected == ["93.184.216.34"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(name: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(2, 1, 0, "", ("93.184.216.34", port)), (2, 1, 0, "", ("127.0.0.1", port))]

    monkeypatch.setattr(anyio, "getaddrinfo", resolve)
    with pytest.raises(UrlRefused):
        await fetch("http://images.example.com/", AllowList.parse("images.example.com"), 100, 5)


@pytest.mark.parametrize(
    "spelling",
    ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "127.1", "0", "[::ffff:169.254.169.254]", "[::ffff:7f00:1]"],
)
async def test_an_address_inside_is_known_however_it_is_spelt(spelling: str) -> None:
    with pytest.raises(UrlRefused):
        await fetch(f"http://{spelling}/latest/meta-data", AllowList.parse("*"), 100, 5)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "picture.jpg",
        "file:///etc/passwd",
        "ftp://images.example.com/a.jpg",
        "gopher://127.0.0.1:11211/",
        "https://",
        "https://user:secret@images.example.com/",
        "http://[::1",
        "http://images.example.com:99999/",
        "http://exa\u2100mple.com/",
        "data:image/png;base64,AAAA",
        "http://images\0.example.com/",
        "http://images .example.com/",
        "http://[fe80::1%25eth0]/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        Target.parse(url)
    assert "secret" not in str(refused.value)


def test_a_dot_at_the_end_and_capitals_name_the_same_host() -> None:
    assert Target.parse("HTTPS://Images.Example.com./a").host == "images.example.com"
