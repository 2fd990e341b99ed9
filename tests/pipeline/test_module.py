"""The whole main job, as a person types it: `dagger call` in a checkout, against the local cloud of the real engine."""

import contextlib
import http.client
import json
import os
import signal
import socket
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(1800)

EXPIRED = {
    "Version": 1,
    "AccessKeyId": "AKIAEXAMPLE",
    "SecretAccessKey": "example",
    "SessionToken": "example",
    "Expiration": "2020-01-01T00:00:00Z",
}


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


def test_a_second_deployment_does_nothing_and_says_so(project: Project, first: Mapping[str, Any]) -> None:
    again = project.deploy()
    assert (again["outcome"], again["changed"], again["digest"]) == ("unchanged", False, first["digest"])
    assert again["skipped"]


def test_an_edit_of_the_docs_changes_nothing(project: Project, first: Mapping[str, Any]) -> None:
    project.edit("README.md", "\n", "\nEdited.\n")
    assert project.deploy()["outcome"] == "unchanged"


def test_status_names_what_is_live(project: Project, first: Mapping[str, Any]) -> None:
    assert first["digest"] in project.live()
    assert first["git_sha"] in project.live()


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
    assert edited["digest"] in project.live()
    back = json.loads(project.call("rollback", "report", "contents"))
    assert back["digest"] == first["digest"]
    assert first["digest"] in project.live()


def test_the_image_that_is_edited_is_served_and_a_mock_says_that_it_is_one(project: Project, sample: Path) -> None:
    with up(project, "serve", "--mock") as port:
        status, body = ask(port, "POST", "/invocations", sample.read_bytes(), **{"Content-Type": "image/jpeg"})
    assert status == 200
    assert json.loads(body)["is_mock"] is True


def test_publishing_again_sends_nothing(project: Project, first: Mapping[str, Any]) -> None:
    project.call("publish")
    assert "nothing to push" in project.call("publish")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["deploy", "--env", "nowhere"], "no environment 'nowhere'"),
        (["deploy", "--env", "prod", "--mock"], "mock model never goes to production"),
        (["deploy", "--mock", "--weights", "README.md"], "exclude each other"),
        (["deploy", "--weights", "README.md"], "README.md"),
        (["status", "--env", "nowhere"], "no environment 'nowhere'"),
        (["rollback", "--to", "sha256:0000"], "sha256:0000"),
        (["endpoint", "--env", "staging", "up"], "nothing is live in staging"),
        (["model", "--mock", "metrics", "contents"], "no metrics.json"),
        (["status", "--aws", "cmd:false"], "The credentials of --aws cannot be had"),
        (["deploy", "--aws", "env:EXPIRED"], "expired"),
        (["status", "--aws", "env:EXPIRED"], "expired"),
        (["image", "--platform", "plan9/mips"], "plan9/mips"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_words_are_told_and_touch_nothing(
    project: Project, first: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch, words: list[str], sentence: str
) -> None:
    monkeypatch.setenv("EXPIRED", json.dumps(EXPIRED))
    before = project.live()
    assert sentence in project.refused(*words)
    assert project.live() == before


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('instance_type = "ml.c7i.large"', 'instance_type = "ml.c7i.large', "slipway.toml is not valid TOML"),
        ('instance_type = "ml.c7i.large"', "instance_count = 0", "environments.dev.instance_count"),
    ],
)
def test_wrong_settings_are_told_by_line(project: Project, old: str, new: str, sentence: str) -> None:
    text = (project.path / "slipway.toml").read_text()
    project.edit("slipway.toml", old, new)
    try:
        said = project.refused("deploy")
    finally:
        (project.path / "slipway.toml").write_text(text)
    assert sentence in said
    assert "line" in said


@pytest.mark.parametrize("kind", ["truncated", "empty", "no picture"])
def test_a_picture_that_is_none_is_refused(
    project: Project, first: Mapping[str, Any], sample: Path, tmp_path: Path, kind: str
) -> None:
    content = {"truncated": sample.read_bytes()[:1000], "empty": b"", "no picture": b"GIF of a cat"}[kind]
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(content)
    assert "bad.jpg" in project.refused("invoke", "--image", str(bad))


def test_a_bomb_is_refused_and_the_endpoint_goes_on(
    project: Project, first: Mapping[str, Any], sample: Path, tmp_path: Path
) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (10_000, 10_000)).save(bomb)
    assert "413" in project.refused("invoke", "--image", str(bomb))
    project.call("invoke", "--image", str(sample))


def test_an_image_that_never_gets_healthy_is_not_published(project: Project, first: Mapping[str, Any]) -> None:
    text = (project.path / "inference/__main__.py").read_text()
    before = project.live()
    project.edit(
        "inference/__main__.py", 'if __name__ == "__main__":', 'if __name__ == "__main__":\n    sys.exit("never")'
    )
    try:
        said = project.refused("deploy")
    finally:
        (project.path / "inference/__main__.py").write_text(text)
    assert "never" in said
    assert project.live() == before


def test_of_two_deployments_at_once_one_is_live_and_a_further_one_works(
    project: Project, first: Mapping[str, Any]
) -> None:
    server = project.path / "inference/server.py"
    text = server.read_text()
    started = []
    for word in ("one", "two"):
        server.write_text(f"{text}# {word}\n")
        started.append(project.start("deploy", "digest"))
        # Both have read their own tree once the CLI has uploaded it.
        time.sleep(4)
    ended = [(process.communicate(), process.returncode) for process in started]
    digests = {out.strip() for (out, _), code in ended if code == 0}
    assert digests, [err for (_, err), _ in ended]
    for (_, err), code in ended:
        if code:
            assert "another deploy" in err or "Updating" in err, err
    status = project.live()
    assert any(digest in status for digest in digests)
    server.write_text(text)
    assert project.deploy()["digest"] in project.live()


@pytest.mark.parametrize("moment", ["infra.contract", "Updating"], ids=["before the push", "in the rollout"])
def test_ctrl_c_leaves_a_live_release_and_the_next_deployment_works(
    project: Project, first: Mapping[str, Any], sample: Path, moment: str
) -> None:
    before = project.live()
    server = project.path / "inference/server.py"
    text = server.read_text()
    server.write_text(f"{text}# interrupted {uuid.uuid4().hex}\n")
    process = project.start("deploy", progress="--progress=plain")
    assert process.stderr is not None
    assert any(moment in line for line in process.stderr)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode != 0
    if moment != "Updating":
        assert project.live() == before
    project.call("invoke", "--image", str(sample))
    assert project.deploy()["digest"] in project.live()
    server.write_text(text)
