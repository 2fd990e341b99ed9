"""A browser before two servers: `dagger check page` starts all three."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

REAL = os.environ.get("SLIPWAY_REAL", "http://real:8080")
"""The image with the model that was trained."""
MOCK = os.environ.get("SLIPWAY_MOCK", "http://mock:8080")
SAMPLE = Path(os.environ.get("SLIPWAY_SAMPLE", "/in/sample.jpg"))
CHROMIUM = "/usr/bin/chromium-headless-shell"

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def sample() -> bytes:
    return SAMPLE.read_bytes()


def answer(body: bytes, **options: object) -> Any:
    """What the server says to a program."""
    attributes = ";".join(f"{name}={value}" for name, value in options.items())
    headers = {"Content-Type": "image/jpeg", "X-Amzn-SageMaker-Custom-Attributes": attributes}
    return requests.post(f"{REAL}/invocations", data=body, headers=headers, timeout=60).json()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    for server in (REAL, MOCK):
        deadline = time.monotonic() + 60
        while requests.get(f"{server}/ping", timeout=10).status_code != 200:
            assert time.monotonic() < deadline, f"{server} does not get ready"
            time.sleep(0.1)
    with sync_playwright() as playwright:
        # A container's root gets no sandbox, and only safe origins get the clipboard.
        options = ["--no-sandbox", f"--unsafely-treat-insecure-origin-as-secure={REAL}"]
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=options)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page; an error in its console, such as a break of its security policy, fails the test."""
    context = browser.new_context(accept_downloads=True)
    opened = context.new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # The browser itself reports each answer that is an error; these are asked for.
        asked = message.location.get("url", "").rpartition("/")[2] in ("invocations", "ping")
        if message.type == "error" and not asked:
            said.append(message.text)

    opened.on("console", hear)
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    context.close()
    assert said == []


@pytest.fixture
def real(page: Page) -> Page:
    """The page of the real image, ready."""
    page.goto(REAL)
    expect(page.locator("#phase")).to_have_text("Ready")
    return page


def drop(page: Page, body: bytes, name: str = "picture.jpg", kind: str = "image/jpeg") -> None:
    """Lets a file go over the page."""
    make = """([base64, name, type]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))], name, { type }));
        return carried;
    }"""
    carried = page.evaluate_handle(make, [b64encode(body).decode(), name, kind])
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("main", event, {"dataTransfer": carried})
