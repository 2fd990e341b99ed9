"""The backend by itself, as a person types it: deployed, left alone, asked from this host, and removed."""

import contextlib
import json
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project without an endpoint; its functions are gone afterwards."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    yield made
    made.call("backend", "destroy", "--env", "dev")


def test_the_backend_is_live_without_an_image(project: Project) -> None:
    first = project.call("backend", "deploy")
    assert "backend of dev: done" in first
    assert "works, and the detector does not answer (503)" in first
    assert "backend of dev: unchanged" in project.call("backend", "deploy")
    [path] = re.findall(r"http://localhost:4567(/[a-z]+)", project.call("backend", "status"))
    process = project.start("backend", "serve", "up", "--ports", "45670:4567", progress="--progress=plain")
    try:
        assert answer(f"http://localhost:45670{path}/health") == (503, "unavailable")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def answer(url: str) -> tuple[int, str]:
    """Status and code of an error, once the service is up."""
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=30)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)["error"]["code"]
        except (urllib.error.URLError, ConnectionError) as error:
            assert time.monotonic() < deadline, error
            time.sleep(0.2)
