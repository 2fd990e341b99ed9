"""What no clause asks of every image, but this server promises: full queues, endless loads, stubborn clients."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPResponse
from pathlib import Path

import pytest
from PIL import Image

from inference import connection
from infra.contract.load import under_load
from infra.contract.process import Command, Running, started
from infra.contract.target import Target, error_code
from tests.contract import bad_app
from tests.contract.test_contract import SERVE, picture
from tests.contract.tiny_model import write_tiny_model

TARGET = Target("127.0.0.1", 0, picture(), load_seconds=1, start_seconds=60)


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Command:
    return Command(SERVE, write_tiny_model(tmp_path_factory.mktemp("process") / "model"), TARGET)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """A model that needs about half a second for a picture."""
    return Command(SERVE, write_tiny_model(tmp_path_factory.mktemp("slow") / "model", work=100), TARGET)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def events(running: Running) -> list[dict[str, object]]:
    return [json.loads(line) for line in running.said().splitlines()]


def listening(running: Running) -> bool:
    """Whether a client is let in: while the port closes nobody is, and once it is closed nobody either."""
    try:
        running.target.socket(timeout=0.1).close()
    except OSError:
        return False
    return True


def test_a_model_that_loads_for_ever_leaves_the_server_listening_and_stoppable(
    command: Command, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(command.model, model)
    (model / "model.onnx").unlink()
    os.mkfifo(model / "model.onnx")
    with started(command, model) as running:
        until(lambda: listening(running))
        for reply in (running.target.ping(), running.target.invoke(), running.target.send("GET", "/info")):
            assert (reply.status, error_code(reply)) == (503, "loading")
        running.signal(signal.SIGTERM)
        assert running.exit_code(10) == 0


def test_a_full_queue_is_a_sentence_and_says_when_to_come_back(slow: Command) -> None:
    with started(slow, SLIPWAY_WORKERS="1", SLIPWAY_QUEUE="1") as running:
        running.wait_until_ready()
        with under_load(running.target, clients=6) as load:
            time.sleep(1)
        full = [reply for reply in load.replies if reply.status != 200]
        assert full
        assert {(reply.status, error_code(reply), reply.headers["retry-after"]) for reply in full} == {
            (503, "overloaded", "1")
        }
        assert max(reply.seconds for reply in full) < 0.5
        assert any(reply.status == 200 for reply in load.replies)


def test_work_for_clients_that_left_is_not_begun(slow: Command) -> None:
    with started(slow, SLIPWAY_WORKERS="1") as running:
        running.wait_until_ready()
        begin = time.monotonic()
        running.target.detections()
        alone = time.monotonic() - begin
        for _ in range(20):
            with running.target.socket() as client:
                head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: {len(TARGET.picture)}\r\n\r\n"
                client.sendall(head.encode() + TARGET.picture)
        begin = time.monotonic()
        running.target.detections()
        assert time.monotonic() - begin < 10 * alone
        until(lambda: sum(event.get("code") == "client_gone" for event in events(running)) >= 18)


def test_a_request_that_is_not_answered_in_time_is_an_exit_code(command: Command) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent_host,
        started(
            command,
            SLIPWAY_LINGER_SECONDS="0.1",
            SLIPWAY_DRAIN_SECONDS="1",
            SLIPWAY_IMAGE_URL_HOSTS="127.0.0.0/8",
            SLIPWAY_IMAGE_URL_SECONDS="60",
        ) as running,
    ):
        running.wait_until_ready()
        asking = json.dumps({"image_url": f"http://127.0.0.1:{silent_host.getsockname()[1]}/"}).encode()
        with running.target.socket() as client:
            client.sendall(
                b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(asking) + asking
            )
            silence, _ = silent_host.accept()
            running.signal(signal.SIGTERM)
            assert running.exit_code(10) == 1
            silence.close()
        assert events(running)[-1] | {"time": ""} == {
            "time": "",
            "level": "info",
            "event": "exit",
            "code": 1,
            "unanswered": 1,
        }


def test_all_that_is_said_is_json_and_the_picture_is_not_in_it(command: Command) -> None:
    with started(command, SLIPWAY_LOG_LEVEL="debug", SLIPWAY_NONSENSE="1") as running:
        running.wait_until_ready()
        running.target.detections()
        running.target.invoke(b"secret")
        running.signal(signal.SIGTERM)
        assert running.exit_code(20) == 0
        said = events(running)
    names = [event["event"] for event in said]
    assert names[0] == "start"
    assert names.index("ready") < names.index("invocation") < names.index("draining")
    assert names[-1] == "exit"
    (unknown,) = [event for event in said if event["event"] == "unknown_setting"]
    assert unknown["setting"] == "SLIPWAY_NONSENSE"
    assert "secret" not in json.dumps(said)


def test_nothing_is_written_at_home_or_where_it_was_started(command: Command, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    root = Path(__file__).parents[2]
    with started(
        command,
        words=[
            sys.executable,
            "-c",
            f"import os; os.chdir({str(home)!r}); import runpy; runpy.run_module('inference', run_name='__main__')",
            "serve",
        ],
        HOME=str(home),
        XDG_CACHE_HOME="",
        CI="",
        PYTHONPATH=str(root),
    ) as running:
        running.wait_until_ready()
        running.target.detections()
        running.signal(signal.SIGTERM)
        assert running.exit_code(20) == 0
    assert list(home.rglob("*")) == []


def test_a_client_that_connected_just_before_the_port_closed_is_answered(command: Command) -> None:
    with started(command, SLIPWAY_LINGER_SECONDS="0.1") as running:
        running.wait_until_ready()
        client = running.target.connect()
        client.connect()
        running.signal(signal.SIGTERM)
        until(lambda: not listening(running))
        assert running.target.send_on(client, "POST", "/invocations", TARGET.picture).status == 200
        assert running.exit_code(10) == 0


def test_a_request_that_had_begun_when_the_port_closed_is_answered(command: Command) -> None:
    with started(command, SLIPWAY_LINGER_SECONDS="0.1") as running:
        running.wait_until_ready()
        with running.target.socket(timeout=10) as client:
            client.sendall(b"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Le")
            running.signal(signal.SIGTERM)
            until(lambda: any(event["event"] == "draining" for event in events(running)))
            until(lambda: not listening(running))
            client.sendall(b"ngth: %d\r\n\r\n" % len(TARGET.picture) + TARGET.picture)
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
            while client.recv(10_000):
                pass
        assert running.exit_code(10) == 0


def test_a_connection_is_kept_between_requests_that_are_far_apart(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.1)
    with bad_app.serving(command.model) as port:
        target = Target("127.0.0.1", port, TARGET.picture)
        client = target.connect()
        target.send_on(client, "GET", "/ping")
        kept = client.sock
        time.sleep(0.3)
        target.send_on(client, "GET", "/ping")
        assert client.sock is kept
        client.close()


def test_an_answer_counts_as_active_until_its_client_takes_it(command: Command) -> None:
    file = io.BytesIO()
    Image.effect_noise((2400, 2400), 200).save(file, "JPEG")
    with started(command) as running:
        running.wait_until_ready()
        client = running.target.connect()
        client.connect()
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.request("POST", "/invocations", file.getvalue(), {"Accept": "image/png"})
        response = client.getresponse()
        assert b"slipway_requests_active 1.0" in running.target.send("GET", "/metrics").body
        assert len(response.read()) > 5_000_000
        until(lambda: b"slipway_requests_active 0.0" in running.target.send("GET", "/metrics").body)
        client.close()


def moving(frames: int) -> bytes:
    """An animation."""
    images = [Image.new("RGB", (64, 64), (number, 0, 0)) for number in range(frames)]
    file = io.BytesIO()
    images[0].save(file, "GIF", save_all=True, append_images=images[1:])
    return file.getvalue()


@contextlib.contextmanager
def lines_of(running: Running, frames: int) -> Iterator[HTTPResponse]:
    """The answer to an animation, to be read line by line."""
    client = running.target.connect()
    client.request("POST", "/invocations", moving(frames), {"X-Amzn-SageMaker-Custom-Attributes": "frames=all"})
    try:
        yield client.getresponse()
    finally:
        client.close()


def test_a_frame_is_answered_before_the_next_is_looked_at(slow: Command) -> None:
    with started(slow, SLIPWAY_WORKERS="1") as running:
        running.wait_until_ready()
        with lines_of(running, 4) as response:
            first, begin = json.loads(response.readline()), time.monotonic()
            rest = [json.loads(line) for line in response]
            took = time.monotonic() - begin
        assert [answer["image"]["frame"] for answer in (first, *rest)] == [0, 1, 2, 3]
        # At least the last two were looked at after the first was told.
        assert took > sum(answer["timings_ms"]["inference"] for answer in rest[1:]) / 1000


def test_frames_for_a_client_that_left_are_not_looked_at(slow: Command) -> None:
    with started(slow, SLIPWAY_WORKERS="1") as running:
        running.wait_until_ready()
        with lines_of(running, 200) as response:
            assert json.loads(response.readline())["image"]["frames"] == 200
        until(lambda: any(event.get("code") == "client_gone" for event in events(running)))
        (left,) = [event for event in events(running) if event.get("code") == "client_gone"]
        assert isinstance(left["pictures"], int)
        assert left["pictures"] < 50
