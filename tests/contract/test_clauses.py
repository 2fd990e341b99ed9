"""Each clause notices what it is there for: the same server with one thing wrong."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from inference import connection
from infra.contract.answers import answers
from infra.contract.clause import Verdict
from infra.contract.connections import connections
from infra.contract.lifetime import ending, lifetime
from infra.contract.process import Command, started
from infra.contract.target import Target
from tests.contract import bad_app as bad
from tests.contract.test_contract import picture
from tests.contract.tiny_model import write_tiny_model

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
INVOCATIONS = "/invocations"
PICTURE = picture()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("clauses") / "model")


def judged(port: int, clause: str, start_seconds: float = 5) -> Verdict:
    target = Target("127.0.0.1", port, PICTURE, load_seconds=0.3, start_seconds=start_seconds)
    contract = answers if clause in [one.name for one in answers.clauses] else connections
    (verdict,) = contract.judge(target, [clause])
    return verdict


def named(scope: Any, name: bytes) -> str:
    return str(dict(scope["headers"]).get(name, b"").decode())


def invocations(edit: bad.Edit) -> bad.Fault:
    return bad.when(INVOCATIONS, bad.edited(edit))


def invocations_if(status: int, condition: Any) -> bad.Fault:
    return bad.when(INVOCATIONS, bad.answering(status, b'{"error": {"code": "c", "message": "m"}}', condition))


FAULTS: list[tuple[str, str, bad.Fault]] = [
    ("start", "never ready", bad.when("/ping", bad.answering(503))),
    ("ping", "a server error", bad.when("/ping", bad.answering(500))),
    ("ping", "another good status", bad.when("/ping", bad.answering(204))),
    ("ping", "too late", bad.when("/ping", bad.late(2.1))),
    ("invocation", "a server error", bad.when(INVOCATIONS, bad.answering(500, b"oops"))),
    ("invocation", "no JSON", bad.when(INVOCATIONS, bad.answering(200, b"oops"))),
    ("invocation", "another type", invocations(bad.header("content-type", "text/html"))),
    ("invocation", "no detections", invocations(bad.document(lambda answer: answer.pop("detections")))),
    ("invocation", "no size", invocations(bad.document(lambda answer: answer.pop("image")))),
    (
        "invocation",
        "outside",
        invocations(bad.document(lambda answer: answer["detections"][0].update(box=[0, 0, 5, 999]))),
    ),
    ("invocation", "a score of 7", invocations(bad.document(lambda answer: answer["detections"][0].update(score=7)))),
    ("identity", "no build", invocations(bad.document(lambda answer: answer.pop("build")))),
    ("identity", "no digest", invocations(bad.document(lambda answer: answer["model"].pop("digest")))),
    ("identity", "no word of a mock", invocations(bad.document(lambda answer: answer.pop("is_mock")))),
    ("identity", "another build", invocations(bad.document(lambda answer: answer.update(build="another")))),
    ("identity", "no header", invocations(bad.header(ATTRIBUTES, None))),
    ("identity", "another header", invocations(bad.header(ATTRIBUTES, "build=another;is_mock=false"))),
    ("identity", "another model in /info", bad.when("/info", bad.edited(bad.document(lambda info: info.pop("model"))))),
    ("content-types", "JPEG only", invocations_if(415, lambda scope: named(scope, b"content-type") != "image/jpeg")),
    ("content-types", "no JSON", invocations_if(415, lambda scope: "json" in named(scope, b"content-type"))),
    ("several-pictures", "refused", invocations_if(400, lambda scope: "json" in named(scope, b"content-type"))),
    ("several-pictures", "failing together", invocations_if(400, lambda scope: "json" in named(scope, b"accept"))),
    ("several-pictures", "no lines", invocations(bad.header("content-type", "application/json"))),
    ("several-pictures", "one left out", invocations(bad.document(lambda answer: answer.get("results", []).pop()))),
    ("accept", "never drawn", invocations(bad.header("content-type", "application/json"))),
    ("accept", "nothing refused", invocations(bad.status_instead(200, 406))),
    ("unknown-headers", "refused", invocations_if(400, lambda scope: named(scope, b"cookie"))),
    ("unknown-headers", "Accept is obeyed", invocations_if(406, lambda scope: "unknown" in named(scope, b"accept"))),
    ("bad-input", "a server error", invocations(bad.status_instead(500, 415))),
    ("bad-input", "accepted", invocations(bad.status_instead(200, 400))),
    ("bad-input", "a URL followed", invocations(bad.status_instead(200, 403))),
    ("bad-input", "no sentence", invocations(bad.plain_errors)),
    ("bomb", "accepted", invocations(bad.status_instead(200, 413))),
    ("bomb", "decoded first", bad.when(INVOCATIONS, bad.late(1.1))),
    ("paths", "everything is there", bad.edited(bad.status_instead(200, 404))),
    ("paths", "any method", bad.edited(bad.status_instead(200, 405))),
    ("chunked", "a length is wanted", invocations_if(411, lambda scope: not named(scope, b"content-length"))),
    ("keep-alive", "closed", invocations(bad.header("connection", "close"))),
    ("expect-continue", "refused", invocations_if(417, lambda scope: named(scope, b"expect"))),
    ("refusal", "read to the end", bad.when(INVOCATIONS, bad.read_first)),
    ("rudeness", "broken by a client that left", bad.broken_by_leaving()),
    ("ping-under-load", "too late", bad.slow_in_company(2.1)),
    ("ping-under-load", "answers fail", invocations(bad.status_instead(500, 200))),
    ("same-answer", "another answer in company", bad.different_in_company()),
]


# They look at settings and at the connection, not at answers: no application around the server's breaks them.
WITHOUT_FAULT = {"payload", "slow-sender", "connect", "headers"}


@pytest.mark.parametrize(
    ("clause", "fault"), [pytest.param(clause, fault, id=f"{clause}-{what}") for clause, what, fault in FAULTS]
)
def test_a_fault_is_noticed(model: Path, clause: str, fault: bad.Fault) -> None:
    with bad.serving(model, fault, max_body_bytes=2**20) as port:
        verdict = judged(port, clause, start_seconds=0.3)
    assert not verdict.holds
    assert verdict.failure.endswith(".")


@pytest.mark.parametrize(
    ("clause", "settings"),
    [
        ("payload", {"max_body_bytes": 1000}),
        ("payload", {"max_body_bytes": 2**20}),
        ("payload", {"max_body_bytes": 8 * 2**20}),
        ("slow-sender", {"body_seconds": 0.2}),
        ("bomb", {"max_pixels": 10**9}),
    ],
)
def test_a_wrong_setting_is_noticed(model: Path, clause: str, settings: dict[str, Any]) -> None:
    with bad.serving(model, **settings) as port:
        assert not judged(port, clause).holds


@pytest.mark.parametrize("clause", sorted({clause for clause, _, _ in FAULTS} | WITHOUT_FAULT))
def test_without_a_fault_nothing_is_noticed(model: Path, clause: str) -> None:
    with bad.serving(model) as port:
        verdict = judged(port, clause)
    assert verdict.holds, verdict.failure


def test_headers_without_a_limit_are_noticed(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEADER_BYTES", 2**30)
    with bad.serving(model) as port:
        verdict = judged(port, "headers")
    assert "answered with 200" in verdict.failure


def test_connections_that_wait_are_noticed() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        verdict = judged(deaf.getsockname()[1], "connect")
    assert not verdict.holds


BAD_LIVES = {
    "listen": ["ready-too-early", "ping-404-early"],
    "stop-idle": ["ignores-sigterm", "default-signals", "exit-code-3"],
    "stop-interrupt": ["default-signals"],
    "stop-under-load": ["loses-requests", "refuses-after-signal", "ping-good-to-the-end", "exit-code-3"],
    "stop-while-loading": ["default-signals"],
    "model-read-only": ["writes-to-the-model"],
    "model-missing": ["fails-with-0", "fails-in-silence", "fails-with-traceback", "starts-anyway"],
    "model-broken": ["fails-with-0", "fails-in-silence", "starts-anyway"],
    "port-taken": ["fails-with-0", "fails-in-silence", "fails-with-traceback"],
    "wrong-setting": ["fails-with-0", "fails-in-silence", "starts-anyway"],
    "wrong-word": ["fails-with-0", "fails-in-silence", "fails-with-traceback"],
}


def life(model: Path, clause: str, fault: str) -> Verdict:
    script = str(Path(__file__).parent / "bad_process.py")
    target = Target("127.0.0.1", 0, PICTURE, clients=4, load_seconds=0.2, start_seconds=10)
    command = Command([sys.executable, script, fault, "serve"], model, target, stop_seconds=6, fail_seconds=3)
    if clause not in [one.name for one in ending.clauses]:
        (verdict,) = lifetime.judge(command, [clause])
        return verdict
    with started(command) as running:
        running.wait_until_ready()
        (verdict,) = ending.judge(running, [clause])
        return verdict


@pytest.mark.parametrize(("clause", "fault"), [(clause, fault) for clause in BAD_LIVES for fault in BAD_LIVES[clause]])
def test_a_bad_life_is_noticed(model: Path, clause: str, fault: str) -> None:
    assert not life(model, clause, fault).holds


@pytest.mark.parametrize("clause", BAD_LIVES)
def test_in_a_good_life_nothing_is_noticed(model: Path, clause: str) -> None:
    verdict = life(model, clause, "none")
    assert verdict.holds, verdict.failure


def test_every_clause_has_a_fault() -> None:
    tried = {clause for clause, _, _ in FAULTS} | set(BAD_LIVES) | WITHOUT_FAULT
    assert tried == {
        clause.name for contract in (answers, connections, ending, lifetime) for clause in contract.clauses
    }
