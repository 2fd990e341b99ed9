"""AWS that throttles, breaks, denies or is cut off in the middle: the old release answers, the next deploy finishes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import urllib3

from infra.errors import RolloutFailed

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

_HTTP = urllib3.PoolManager()


class FaultyCloud(ThreadingHTTPServer):
    """Hands everything on to the cloud, but answers the first calls of one operation by itself."""

    def __init__(self, cloud: str) -> None:
        self.cloud, self.operation, self.times, self.status, self.code = cloud, "", 0, 0, ""
        super().__init__(("127.0.0.1", 0), _Handler)

    def fail(self, operation: str, times: int, status: int, code: str) -> None:
        self.operation, self.times, self.status, self.code = operation, times, status, code


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FaultyCloud

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.headers.get("X-Amz-Target", "").split(".")[-1]
        if target and target == self.server.operation and self.server.times:
            self.server.times -= 1
            if not self.server.status:
                self.close_connection = True
                return
            told = {"__type": self.server.code, "message": f"{target} is not for you."}
            self.answer(self.server.status, json.dumps(told).encode(), "application/x-amz-json-1.1")
            return
        answer = _HTTP.request("POST", self.server.cloud + self.path, body=body, headers=dict(self.headers))
        self.answer(answer.status, answer.data, answer.headers["Content-Type"], dict(answer.headers))

    def answer(self, status: int, body: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            if name.lower().startswith("x-"):
                self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def faulty(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyCloud]:
    with FaultyCloud(project.cloud.url) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ("DescribeEndpoint", 400, "ThrottlingException"),
        ("CreateModel", 503, "ServiceUnavailable"),
        ("UpdateEndpoint", 0, "connection cut"),
        ("AddTags", 500, "InternalFailure"),
    ],
)
def test_passing_faults_are_retried(
    project: Project, faulty: FaultyCloud, operation: str, status: int, code: str
) -> None:
    project.deploy(project.publish("old"))
    faulty.fail(operation, 1, status, code)
    done = project.deploy(project.publish("new"))
    assert done.code == 0, done.err
    assert faulty.times == 0, "the fault was met"
    assert project.live() == "new"
    assert len(project.configs()) == len(project.models()) == 2


@pytest.mark.parametrize(
    "operation", ["CreateModel", "CreateEndpointConfig", "UpdateEndpoint", "DescribeEndpoint", "AddTags"]
)
def test_denied_in_the_middle(project: Project, faulty: FaultyCloud, operation: str) -> None:
    old = project.deploy(project.publish("old")).report["release"]
    digest = project.publish("new")
    faulty.fail(operation, 99, 400, "AccessDeniedException")
    denied = project.deploy(digest)
    assert denied.code == 6
    assert f"AWS denied {operation}: {operation} is not for you" in denied.error
    if operation in ("CreateModel", "CreateEndpointConfig", "UpdateEndpoint", "DescribeEndpoint"):
        assert (project.live(), project.configs(), project.models()) == ("old", [old], [old])
    faulty.times = 0
    again = project.deploy(digest)
    assert again.code == 0, again.err
    assert project.live() == "new"


def test_credentials_that_expire_during_the_wait(project: Project, faulty: FaultyCloud) -> None:
    project.deploy(project.publish("old"))
    digest = project.publish("new", warm_after=2)
    process = project.spawn(
        arguments := project.arguments("deploy", *project.wanted(digest)),
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{faulty.server_address[1]}",
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Updating" in line:
            faulty.fail("DescribeEndpoint", 99, 400, "ExpiredTokenException")
            break
    out, err = process.communicate(timeout=60)
    expired = project.outcome(process.returncode, out, err, arguments)
    assert expired.code == 6
    assert "credentials have expired" in expired.error
    assert project.live() == "old"
    faulty.times = 0
    resumed = project.deploy(digest)
    assert resumed.code == 0, resumed.err
    assert resumed.report["plan"].startswith("wait")


@pytest.mark.parametrize("operation", ["UpdateEndpoint", "ListEndpointConfigs"])
def test_rolling_back_that_fails_says_what_is_live(
    project: Project, faulty: FaultyCloud, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    project.deploy(project.publish("good"))

    def fails(*_: object, **__: object) -> str:
        faulty.fail(operation, 99, 400, "ExpiredTokenException")
        raise RolloutFailed("the smoke test failed.")

    monkeypatch.setattr("infra.release.deploy.judge", fails)
    failed = project.deploy(project.publish("bad"))
    assert failed.code == 4, failed.err
    assert failed.error.startswith("the smoke test failed. Rolling back")
    assert "credentials have expired" in failed.error
    assert f"{failed.report['release']}, which failed its smoke test, is live now" in failed.error
    assert project.live() == "bad"


def test_clearing_away_that_fails_does_not_hide_the_first_failure(project: Project, faulty: FaultyCloud) -> None:
    project.deploy(project.publish("good"))
    faulty.fail("DeleteEndpointConfig", 99, 400, "AccessDeniedException")
    failed = project.deploy(project.publish("bad", detections=[]))
    assert failed.code == 4, failed.err
    assert "expected circle 0.97" in failed.error
    assert "Rolled back" in failed.error
    assert any("could not be cleared away: AWS denied DeleteEndpointConfig" in note for note in failed.report["notes"])
    assert project.live() == "good"
