"""The reading half of a registry: what is asked again, and what is told when it stays away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra import registry
from infra.errors import CloudUnusable
from infra.registry import Repository

ANSWER = b'{"schemaVersion": 2}'


class Busy(ThreadingHTTPServer):
    """Refuses the first so many requests with a status."""

    def __init__(self) -> None:
        self.status, self.times, self.asked = 200, 0, 0
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Busy

    def do_GET(self) -> None:
        self.server.asked += 1
        refused = self.server.asked <= self.server.times
        self.send_response(self.server.status if refused else 200)
        if refused:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_RETRIES", registry._RETRIES.new(backoff_factor=0))


@pytest.fixture
def busy() -> Iterator[Busy]:
    with Busy() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def repository(server: Busy) -> Repository:
    return Repository("uri", f"127.0.0.1:{server.server_address[1]}", "images", plain=True)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_is_busy_is_asked_again(busy: Busy, status: int) -> None:
    busy.status, busy.times = status, 1
    manifest = repository(busy).manifest("tag")
    assert manifest is not None
    assert manifest.content == {"schemaVersion": 2}
    assert busy.asked == 2


@pytest.mark.parametrize(("status", "cure"), [(429, "wait a minute"), (403, "check that the credentials")])
def test_a_registry_that_refuses_for_good_is_told_with_its_cure(busy: Busy, status: int, cure: str) -> None:
    busy.status, busy.times = status, 99
    with pytest.raises(CloudUnusable, match=f"answered {status} to GET images/manifests/tag; {cure}"):
        repository(busy).manifest("tag")
    assert busy.asked == (1 if status == 403 else 6)
