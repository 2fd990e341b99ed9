"""What browsers get at /, and what programs get."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from inference import page
from inference.server import build_app
from inference.service import Service
from inference.settings import Settings

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def client_of(settings: Settings) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(build_app(Service(settings, "b1")))
    return httpx.AsyncClient(transport=transport, base_url="http://image")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Settings()) as client:
        yield client


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
async def test_programs_get_json(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/", headers={"Accept": accept})
    assert answer.json()["build"] == "b1"
    assert answer.headers["Vary"] == "Accept"


async def test_browsers_get_the_page_before_the_model_is_loaded(client: httpx.AsyncClient) -> None:
    answer = await client.get("/", headers=BROWSER)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    assert answer.text.startswith("<!doctype html>")


def named(text: str) -> set[str]:
    """Files that a file of the page loads."""
    found = re.finditer(r'(?:src|href)="page/([\w.]+)"|from "\./([\w.]+)"', text)
    return {match[1] or match[2] for match in found}


async def test_all_that_the_page_loads_is_there(client: httpx.AsyncClient) -> None:
    waiting, seen = {"/"}, dict[str, str]()
    while waiting:
        path = waiting.pop()
        answer = await client.get(path, headers=BROWSER)
        assert answer.status_code == 200, path
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        seen[path] = answer.text
        waiting |= {f"/page/{name}" for name in named(answer.text)} - seen.keys()
    types = {path.suffix for path in page.HERE.iterdir() if path.suffix not in (".py", "")}
    assert types == set(page.TYPES)
    assert len(seen) == len([path for path in page.HERE.iterdir() if path.suffix in page.TYPES])


def test_the_page_names_nobody_else() -> None:
    for file in page.HERE.iterdir():
        if file.suffix in page.TYPES:
            hosts = re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z0-9.]+", file.read_text())
            assert [host for host in hosts if host != "http://www.w3.org"] == []


async def test_what_the_browser_has_is_not_sent_again(client: httpx.AsyncClient) -> None:
    for path in ("/", "/page/script.js"):
        first = await client.get(path, headers=BROWSER)
        again = await client.get(path, headers={**BROWSER, "If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        other = await client.get(path, headers={**BROWSER, "If-None-Match": '"other"'})
        assert other.content == first.content


@pytest.mark.parametrize("path", ["/page/", "/page/__init__.py", "/page/../server.py", "/page/none.js"])
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_page_can_be_switched_off() -> None:
    async with client_of(Settings.from_environment({"SLIPWAY_PAGE": "0"})) as client:
        assert (await client.get("/", headers=BROWSER)).json()["build"] == "b1"
        assert (await client.get("/page/script.js")).status_code == 404
