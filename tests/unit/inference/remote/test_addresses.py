from __future__ import annotations

import ipaddress

import pytest

from inference.errors import SettingsError, UrlRefused
from inference.remote.addresses import AllowList

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
NOT_PUBLIC = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "::7f00:1",
    "::ffff:0:7f00:1",
    "fec0::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    AllowList.parse("images.example.com").check_address("images.example.com", ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_other_addresses_are_refused_even_for_listed_hosts(address: str) -> None:
    for listed in ("images.example.com", "*"):
        with pytest.raises(UrlRefused, match="not public"):
            AllowList.parse(listed).check_address("images.example.com", ipaddress.ip_address(address))


def test_a_listed_network_opens_its_addresses_and_no_others() -> None:
    allowed = AllowList.parse("minio.internal:9000,10.1.0.0/16,::1")
    allowed.check_address("minio.internal", ipaddress.ip_address("10.1.2.3"))
    allowed.check_address("minio.internal", ipaddress.ip_address("::ffff:10.1.2.3"))
    allowed.check_address("::1", ipaddress.ip_address("::1"))
    with pytest.raises(UrlRefused):
        allowed.check_address("minio.internal", ipaddress.ip_address("10.2.0.1"))


def test_an_address_in_the_url_needs_a_listed_network_even_when_public() -> None:
    with pytest.raises(UrlRefused):
        AllowList.parse("*").check_address("93.184.216.34", ipaddress.ip_address("93.184.216.34"))
    AllowList.parse("93.184.216.0/24").check_address("93.184.216.34", ipaddress.ip_address("93.184.216.34"))


def test_nothing_is_fetched_by_default_and_the_sentence_says_how_to_allow_it() -> None:
    with pytest.raises(UrlRefused, match="SLIPWAY_IMAGE_URL_HOSTS"):
        AllowList.parse("").check_host("https", "images.example.com", 443)


@pytest.mark.parametrize(
    ("listed", "scheme", "host", "port", "allowed"),
    [
        ("images.example.com", "https", "images.example.com", 443, True),
        ("images.example.com", "http", "images.example.com", 80, True),
        ("images.example.com", "https", "images.example.com", 8443, False),
        ("images.example.com", "http", "images.example.com", 443, False),
        ("images.example.com", "https", "evil-images.example.com", 443, False),
        ("images.example.com", "https", "images.example.com.evil.org", 443, False),
        ("images.example.com:8443", "https", "images.example.com", 8443, True),
        ("images.example.com:8443", "https", "images.example.com", 443, False),
        ("*.example.com", "https", "a.b.example.com", 443, True),
        ("*.example.com", "https", "example.com", 443, False),
        ("*.example.com", "https", "badexample.com", 443, False),
        ("*", "https", "anything.org", 443, True),
        ("*", "http", "anything.org", 22, False),
        ("Images.Example.COM", "https", "images.example.com", 443, True),
        ("10.0.0.0/8", "http", "10.1.1.1", 9000, True),
        ("10.0.0.0/8", "http", "anything.org", 80, False),
    ],
)
def test_hosts(listed: str, scheme: str, host: str, port: int, allowed: bool) -> None:
    check = AllowList.parse(listed)
    if allowed:
        check.check_host(scheme, host, port)
    else:
        with pytest.raises(UrlRefused):
            check.check_host(scheme, host, port)


@pytest.mark.parametrize(
    "entry", ["https://example.com", "example.com/path", "exa mple.com", "a..b", "*.*", "10.0.0.0/33", "-a"]
)
def test_entries_that_are_neither_host_nor_network_are_refused(entry: str) -> None:
    with pytest.raises(SettingsError, match="SLIPWAY_IMAGE_URL_HOSTS"):
        AllowList.parse(entry)
