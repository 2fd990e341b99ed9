"""The whole main job, as a person types it: `dagger call` in a checkout, against the local cloud of the real engine."""

import contextlib
import http.client
import json
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(1800)


@contextlib.contextmanager
def up(project: Project, *words: str) -> Iterator[int]:
    """A service on a port of this host, for the time of the `with`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    process = project.start(*words, "up", "--ports", f"{port}:8080")
    try:
        deadline = time.monotonic() + 300
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if ask(port, "GET", "/ping")[0] == 200:
                    break
            time.sleep(0.1)
        else:
            process.kill()
            raise AssertionError(process.communicate()[1])
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


def ask(port: int, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """One request to a service that is up."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that is live in `dev`; everything of it is gone afterwards."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    yield made
    made.call("destroy", "--env", "dev")


@pytest.fixture(scope="module")
def first(project: Project) -> dict[str, Any]:
    """The report of the first deployment."""
    return project.deploy()


@pytest.fixture(scope="module")
def sample(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that the model was not trained on."""
    path = tmp_path_factory.mktemp("sample") / "sample.jpg"
    project.call("model", "sample", "export", "--path", str(path))
    return path


def test_a_first_deployment_ends_with_detections_of_the_live_container(first: Mapping[str, Any]) -> None:
    assert first["outcome"] == "done"
    assert first["digest"].startswith("sha256:")
    assert first["smoke"]["detections"]
    assert first["smoke"]["is_mock"] is False
    assert not first["git_sha"].endswith("-dirty")


def test_a_second_deployment_does_nothing_and_says_so_whatever_the_docs_say(
    project: Project, first: Mapping[str, Any]
) -> None:
    project.edit("README.md", "\n", "\nEdited.\n")
    again = project.deploy()
    assert (again["outcome"], again["changed"], again["digest"]) == ("unchanged", False, first["digest"])
    assert again["skipped"]


def test_status_names_what_is_live(project: Project, first: Mapping[str, Any]) -> None:
    live = project.live()
    assert first["digest"] in live
    assert first["git_sha"] in live


def test_a_picture_is_answered(project: Project, first: Mapping[str, Any], sample: Path) -> None:
    answer = json.loads(project.call("invoke", "--image", str(sample), "--raw"))
    assert answer["build"] == first["smoke"]["build"]
    assert len(answer["detections"]) == len(first["smoke"]["detections"])


def test_the_live_image_can_be_called_from_the_host(project: Project, first: Mapping[str, Any], sample: Path) -> None:
    with up(project, "endpoint") as port:
        status, body = ask(port, "POST", "/invocations", sample.read_bytes(), **{"Content-Type": "image/jpeg"})
    assert status == 200
    assert json.loads(body)["build"] == first["smoke"]["build"]


def test_an_edit_is_live_with_few_bytes_and_a_rollback_takes_it_back(
    project: Project, first: Mapping[str, Any]
) -> None:
    with (project.path / "inference/server.py").open("a") as file:
        file.write("# edited\n")
    edited = project.deploy()
    assert edited["outcome"] == "done"
    assert edited["digest"] != first["digest"]
    assert edited["published"]["bytes_pushed"] <= 100_000
    assert edited["git_sha"].endswith("-dirty")
    back = json.loads(project.call("rollback", "report", "contents"))
    assert back["digest"] == first["digest"]
    assert first["digest"] in project.live()


def test_publishing_what_has_been_deployed_sends_nothing(project: Project, first: Mapping[str, Any]) -> None:
    assert "nothing to push" in project.call("publish")


def test_the_image_that_is_edited_is_served_and_a_mock_says_that_it_is_one(project: Project, sample: Path) -> None:
    with up(project, "serve", "--mock") as port:
        status, body = ask(port, "POST", "/invocations", sample.read_bytes(), **{"Content-Type": "image/jpeg"})
    assert status == 200
    assert json.loads(body)["is_mock"] is True
