"""Webhook and topic: told how deployments end, never in the way of one, and the webhook's address in no output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

SECRET = "/services/T0/B0/very-secret"


class Chat(ThreadingHTTPServer):
    """A webhook that keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.told: list[str] = []
        self.status = 200


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Chat)
        assert self.path == SECRET
        assert self.headers["Content-Type"] == "application/json"
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def chat(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    server = Chat()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    address = project.folder / "webhook"
    address.write_text(f"http://127.0.0.1:{server.server_port}{SECRET}\n")
    monkeypatch.setenv("SLIPWAY_WEBHOOK_FILE", str(address))
    yield server
    server.shutdown()
    server.server_close()


def test_it_is_told_of_a_release_once_and_of_nothing_else(project: Project, chat: Chat) -> None:
    digest = project.publish("one")
    assert project.deploy(digest).code == 0
    (told,) = chat.told
    assert told.startswith("## deploy to dev is done")
    assert digest in told
    assert project.deploy(digest).report["outcome"] == "unchanged"
    assert project.call("status").code == 0
    assert len(chat.told) == 1


def test_it_is_told_why_a_release_failed(project: Project, chat: Chat) -> None:
    failed = project.deploy(project.publish("bad", ping=500))
    assert failed.code == 4
    (told,) = chat.told
    assert told.startswith("## deploy to dev failed")
    assert failed.error in told


def test_a_chat_that_is_gone_does_not_fail_the_release(project: Project, chat: Chat) -> None:
    chat.status = 404
    done = project.deploy(project.publish("one"))
    assert (done.code, done.report["outcome"]) == (0, "done")
    assert "the webhook answered 404" in done.out
    chat.server_close()
    done = project.deploy(project.publish("two"))
    assert (done.code, done.report["outcome"]) == (0, "done")
    assert "the webhook could not be told" in done.out
    assert "very-secret" not in done.out + done.err + json.dumps(done.report)


@pytest.mark.parametrize("content", ["very-secret", "ftp://very-secret/x", "https://[very-secret", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_done(project: Project, chat: Chat, content: str) -> None:
    del chat
    (project.folder / "webhook").write_text(content)
    refused = project.deploy("sha256:" + "0" * 64)
    assert (refused.code, "no http address" in refused.error) == (2, True)
    assert "very-secret" not in refused.error


class Mailbox(ThreadingHTTPServer):
    """A subscriber of a topic: keeps what the topic sends it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Letter)
        self.letters: Queue[dict[str, str]] = Queue()


class Letter(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Mailbox)
        self.server.letters.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        del args


@pytest.fixture
def mailbox(project: Project) -> Iterator[Mailbox]:
    """Subscribed to a topic that the project's slipway.toml names."""
    server = Mailbox()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    sns = project.cloud.client("sns")
    topic = sns.create_topic(Name=project.name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=f"http://127.0.0.1:{server.server_port}/")
    prices = '[prices.eu-west-1]\n"ml.c7i.large" = 0.1\n\n[timeouts]'
    text = project.toml.read_text().replace("[timeouts]", prices)
    project.toml.write_text(f'notify_topic = "{topic}"\n{text}')
    yield server
    server.shutdown()
    server.server_close()


def test_a_topic_is_told_what_changed_and_what_it_costs(project: Project, mailbox: Mailbox) -> None:
    first = project.publish("one")
    assert project.deploy(first).code == 0
    project.toml.write_text(project.toml.read_text().replace("keep = 1", "instance_count = 2"))
    second = project.publish("two")
    assert project.deploy(second).code == 0
    letters = [mailbox.letters.get(timeout=10) for _ in range(2)]
    assert [letter["Subject"] for letter in letters] == [f"{project.name} dev: deploy done"] * 2
    told = letters[1]["Message"]
    assert f"`{second}` (git abc1234) on `{project.endpoint()}` in eu-west-1" in told
    assert f"image {first} → {second}; InitialInstanceCount 1 → 2" in told
    assert "$146.00 a month (730 h of 2 ml.c7i.large at $0.1 an hour: slipway.toml)" in told
    assert "change of cost: + $73.00 a month, from 1 to 2 ml.c7i.large" in told


def test_a_topic_that_is_gone_does_not_fail_the_release(project: Project) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:nobody"
    project.toml.write_text(f'notify_topic = "{topic}"\n{project.toml.read_text()}')
    done = project.deploy(project.publish("one"))
    assert (done.code, done.report["outcome"]) == (0, "done")
    note = done.report["notes"][-1]
    assert note.startswith(f"the topic {topic} (notify_topic) could not be told: AWS refused Publish (NotFound")
    assert note in done.out
