"""Connections: clients that say nothing, too much, or what is no HTTP, and those that would rather speak another."""

from __future__ import annotations

import json

import pytest

from inference import connection
from inference.bodies import reader
from infra.contract.process import Command
from infra.contract.target import Target
from tests.contract import bad_app
from tests.contract.test_contract import SERVE
from tests.contract.test_process import TARGET, until
from tests.contract.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    return Command(SERVE, write_tiny_model(tmp_path_factory.mktemp("connection") / "model"), TARGET)


@pytest.mark.parametrize(
    ("limit", "sent"),
    [("IDLE_SECONDS", b""), ("HEADER_SECONDS", b"POST /invocations HTTP/1.1\r\nHost: x\r\nX-Slow: ")],
)
def test_a_connection_that_never_says_what_it_wants_is_closed(
    command: Command, monkeypatch: pytest.MonkeyPatch, limit: str, sent: bytes
) -> None:
    monkeypatch.setattr(connection, limit, 0.2)
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        with target.socket(timeout=5) as client:
            client.sendall(sent)
            assert client.recv(1) == b""
        # A request that is complete is not hurried.
        target.expect_alive()


def test_a_client_whose_body_is_refused_is_not_listened_to_for_ever(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "DISCARD_SECONDS", 0.2)
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        with target.socket(timeout=0.05) as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc")
            said = [b""]

            def closed() -> bool:
                try:
                    client.sendall(b"more")
                    said.append(client.recv(1000))
                except TimeoutError:
                    return False
                except ConnectionError:
                    return True
                return not said[-1]

            until(closed, seconds=4)
    assert b"".join(said).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_stops_coming_is_answered(command: Command) -> None:
    with bad_app.serving(command.model, body_seconds=0.2) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        with target.socket(timeout=5) as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            assert client.recv(100).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n",
        b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / NONSENSE/1.1\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.9\r\n",
    ],
)
def test_what_is_no_http_is_a_sentence_in_json(command: Command, request_: bytes) -> None:
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        with target.socket(timeout=5) as client:
            client.sendall(request_)
            said = b""
            while more := client.recv(10_000):
                said += more
        head, _, document = said.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n")
        assert said.count(b"HTTP/1.1 ") == 1
        assert json.loads(document)["error"]["code"] == "invalid_http"
        target.expect_alive()


def test_what_is_no_http_behind_a_request_does_not_spoil_its_answer(command: Command) -> None:
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        with target.socket(timeout=5) as client:
            client.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
            client.sendall(b"nonsense\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_what_is_no_http_behind_two_requests_is_not_taken_for_the_answer_to_the_first(command: Command) -> None:
    ping, chunked = b"GET /ping HTTP/1.1\r\nHost: x\r\n", b"POST /invocations HTTP/1.1\r\nHost: x\r\n"
    with bad_app.serving(command.model) as port, Target("127.0.0.1", port, b"").socket(timeout=5) as client:
        client.sendall(ping + b"\r\n" + chunked + b"Transfer-Encoding: chunked\r\n\r\nnot a chunk\r\n")
        assert not client.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_client_that_would_rather_speak_http_2_is_answered(command: Command) -> None:
    """As java.net.http.HttpClient asks, with every request that goes over no TLS."""
    headers = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAIAAAABAAMAAABk"}
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        client = target.connect()
        for path, body in (("/ping", None), ("/invocations", target.picture), ("/invocations", iter([target.picture]))):
            client.request("POST" if body else "GET", path, body, headers)
            response = client.getresponse()
            assert (response.status, b"detections" in response.read()) == (200, body is not None)
        client.close()


def test_the_rest_of_a_request_that_was_answered_before_it_ended_is_not_awaited_for_ever(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.3)
    with bad_app.serving(command.model) as port, Target("127.0.0.1", port, b"").socket(timeout=0.05) as client:
        client.sendall(b"POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")

        def closed() -> bool:
            try:
                client.sendall(b"x")
                return not client.recv(1000)
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        until(closed, seconds=3)
