import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from infra.localcloud.errors import ImageNotFound, RegistryError
from infra.localcloud.registry import DOCKER_MANIFEST, Registry

GOOD = b"some layer" * 1000
DIGEST = "sha256:" + hashlib.sha256(GOOD).hexdigest()
MANIFEST = json.dumps({"config": {"size": 1, "digest": DIGEST}, "layers": [{"size": 2}, {"size": 3}]}).encode()


class Handler(BaseHTTPRequestHandler):
    """A registry whose answers the test chooses: path → (status, promised length, body)."""

    answers: dict[str, tuple[int, int, bytes]] = {}

    def do_GET(self) -> None:
        status, length, body = self.answers.get(self.path, (404, 0, b""))
        self.send_response(status)
        self.send_header("Content-Type", f"{DOCKER_MANIFEST}; charset=utf-8")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        del args


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield Registry(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    Handler.answers = {}


def read(registry: Registry) -> bytes:
    with registry.open_blob("r", DIGEST) as stream:
        return b"".join(iter(lambda: stream.read(100), b""))


def test_a_blob_that_fits_its_digest_is_read(registry: Registry) -> None:
    Handler.answers[f"/v2/r/blobs/{DIGEST}"] = (200, len(GOOD), GOOD)
    assert read(registry) == GOOD
    assert registry.blob("r", DIGEST) == GOOD


@pytest.mark.parametrize(
    ("length", "body", "reason"),
    [
        (len(GOOD), b"x" + GOOD[1:], "is damaged in the registry"),
        (len(GOOD), GOOD[:50], "broke off"),
        (0, b"", "is damaged in the registry"),
    ],
)
def test_a_damaged_blob_is_never_taken(registry: Registry, length: int, body: bytes, reason: str) -> None:
    Handler.answers[f"/v2/r/blobs/{DIGEST}"] = (200, length, body)
    with pytest.raises(RegistryError, match=reason):
        read(registry)


def test_a_manifest_has_the_digest_of_its_bytes(registry: Registry) -> None:
    Handler.answers["/v2/r/manifests/v1"] = (200, len(MANIFEST), MANIFEST)
    manifest = registry.manifest("r", "v1")
    assert manifest.digest == "sha256:" + hashlib.sha256(MANIFEST).hexdigest()
    assert (manifest.media_type, manifest.size, len(manifest.blobs)) == (DOCKER_MANIFEST, 5, 3)


def test_a_manifest_that_does_not_fit_the_asked_digest_is_refused(registry: Registry) -> None:
    Handler.answers[f"/v2/r/manifests/{DIGEST}"] = (200, len(MANIFEST), MANIFEST)
    with pytest.raises(RegistryError, match="when asked for"):
        registry.manifest("r", DIGEST)


def test_what_is_not_there_and_what_fails_are_told_apart(registry: Registry) -> None:
    with pytest.raises(ImageNotFound):
        registry.manifest("r", "none")
    assert registry.tags("r") == []
    Handler.answers["/v2/r/tags/list"] = (500, 0, b"")
    with pytest.raises(RegistryError, match="answered 500"):
        registry.tags("r")
    with pytest.raises(RegistryError, match="cannot be reached"):
        Registry("http://127.0.0.1:1").tags("r")
    with pytest.raises(RegistryError, match="must be given as"):
        Registry("registry:5000")
