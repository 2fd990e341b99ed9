"""The request that the page offers to copy is run as it is, and answered as the page was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.conftest import MOCK, REAL, answer, drop

NAME = "it's a $HOME; picture.jpg"


def copied(page: Page, language: str) -> str:
    """What lies on the clipboard after the button was pressed."""
    page.get_by_role("tab", name=language).click()
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#copy")).to_have_text("Copied")
    return pasted(page)


def pasted(page: Page) -> str:
    page.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'paste' }))")
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    text: str = page.locator("#paste").input_value()
    page.evaluate("document.getElementById('paste').remove()")
    return text


@pytest.fixture
def asked(real: Page, sample: bytes, tmp_path: Path) -> tuple[Page, Any]:
    """A page whose picture lies in a folder too, with settings that are not the model's; and its detections."""
    (tmp_path / NAME).write_bytes(sample)
    wanted = answer(sample, confidence=0.5, classes="circle,triangle")["detections"]
    assert len(wanted) < len(answer(sample)["detections"])
    drop(real, sample, NAME)
    real.locator("#confidence").fill("0.5")
    real.get_by_role("checkbox", name="circle").check()
    real.get_by_role("checkbox", name="triangle").check()
    expect(real.locator(".result")).to_have_count(len(wanted))
    return real, wanted


def run(command: list[str], folder: Path, **variables: str) -> Any:
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["detections"]


def test_curl(asked: tuple[Page, Any], tmp_path: Path) -> None:
    page, wanted = asked
    assert run(["sh", "-c", copied(page, "curl")], tmp_path) == wanted


def test_python(asked: tuple[Page, Any], tmp_path: Path) -> None:
    page, wanted = asked
    assert run([sys.executable, "-c", copied(page, "Python")], tmp_path) == wanted


def test_boto3(asked: tuple[Page, Any], tmp_path: Path) -> None:
    page, wanted = asked
    with stand_in_for_sagemaker() as url:
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_DEFAULT_REGION": "eu-west-1"}
        text = copied(page, "boto3")
        assert run([sys.executable, "-c", text], tmp_path, AWS_ENDPOINT_URL=url, **keys) == wanted


@contextmanager
def stand_in_for_sagemaker() -> Iterator[str]:
    """Hands InvokeEndpoint's body and the headers that SageMaker hands on to the image."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/endpoints/slipway-dev/invocations"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = ("Content-Type", "X-Amzn-SageMaker-Custom-Attributes")
            headers = {name: self.headers[name] for name in kept}
            answered = requests.post(f"{REAL}/invocations", data=body, headers=headers, timeout=60)
            self.send_response(answered.status_code)
            self.send_header("Content-Length", str(len(answered.content)))
            self.end_headers()
            self.wfile.write(answered.content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_it_can_be_copied_where_browsers_offer_no_clipboard(page: Page) -> None:
    page.goto(MOCK)
    assert page.evaluate("navigator.clipboard === undefined")
    assert copied(page, "curl") == page.locator("#snippet").inner_text()


def test_without_a_picture_it_names_one(real: Page) -> None:
    assert "@picture.jpg" in real.locator("#snippet").inner_text()
    assert "Custom-Attributes" not in real.locator("#snippet").inner_text()
