"""Ten thousand good bodies with something wrong, sent to the real server: it answers each, and keeps none."""

from __future__ import annotations

import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import pytest

from infra.contract.process import Command, started
from infra.contract.target import Reply, Target
from tests.contract.samples import samples
from tests.contract.test_contract import SERVE, picture
from tests.contract.tiny_model import write_tiny_model
from tests.soak.process import Vitals

COUNT = 10_000
CLIENTS = 8
GROWTH = 40 * 1024 * 1024
ATTRIBUTES = ("", "frames=all", "frames=all;every=2", "confidence=0.1;max_detections=300")
ACCEPTED = ("*/*", "application/json", "application/jsonlines", "image/jpeg")


def mutated(body: bytes, other: bytes, chance: random.Random) -> bytes:
    """One to four accidents: a byte changed, a piece zeroed, cut out, doubled or taken from elsewhere, an early end."""
    data = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(max(1, len(data)))
        end = start + chance.choice((1, 2, 4, 16, 200))
        piece = data[start:end]
        accident = chance.randrange(7)
        if accident == 0:
            data[start:end] = chance.randbytes(len(piece))
        elif accident == 1:
            data[start:end] = chance.choice((b"\0", b"\xff", b"\x7f")) * len(piece)
        elif accident == 2:
            del data[start:end]
        elif accident == 3:
            data[start:start] = piece
        elif accident == 4:
            data[start:end] = other[start:end]
        elif accident == 5 and piece:
            data[start] ^= 1 << chance.randrange(8)
        else:
            del data[max(1, start) :]
    return bytes(data)


def wrong(reply: Reply) -> str:
    """What is wrong with an answer; nothing where it is a good one or says what is wrong with the request."""
    if reply.status == 200:
        return ""
    try:
        error = json.loads(reply.body)["error"]
        is_sentence = bool(error["code"]) and error["message"].endswith(".")
    except (ValueError, KeyError, TypeError):
        is_sentence = False
    return "" if 400 <= reply.status < 500 and is_sentence else f"{reply.status} {reply.body[:100]!r}"


def send_many(target: Target, seed: int, count: int) -> Counter[str]:
    """One client; returns how often each status came, and what was wrong."""
    chance, bodies, seen = random.Random(seed), samples(), Counter[str]()
    connection = target.connect()
    for _ in range(count):
        (body, kind), (other, _) = chance.choice(bodies), chance.choice(bodies)
        sent = mutated(body, other, chance)
        reply = _reply(target, connection, sent, kind, chance)
        seen[str(reply.status)] += 1
        if fault := wrong(reply):
            seen[f"wrong: {fault}"] += 1
    connection.close()
    return seen


def _reply(target: Target, connection: HTTPConnection, body: bytes, kind: str, chance: random.Random) -> Reply:
    attributes, accept = chance.choice(ATTRIBUTES), chance.choice(ACCEPTED)
    return target.send_on(
        connection,
        "POST",
        "/invocations",
        body,
        Content_Type=kind,
        Accept=accept,
        X_Amzn_SageMaker_Custom_Attributes=attributes,
    )


@pytest.mark.timeout(300)
def test_every_one_of_them_is_answered(tmp_path: Path) -> None:
    command = Command(SERVE, write_tiny_model(tmp_path / "model"), Target("127.0.0.1", 0, picture(), start_seconds=60))
    with started(command, SLIPWAY_LOG_LEVEL="error") as running, ThreadPoolExecutor(CLIENTS) as clients:
        running.wait_until_ready()
        seen = Counter[str]()

        def send(rounds: range, each: int) -> None:
            for found in clients.map(lambda seed: send_many(running.target, seed, each), rounds):
                seen.update(found)

        send(range(CLIENTS), COUNT // 5 // CLIENTS)
        before = Vitals.of(running.process.pid)
        send(range(100, 100 + CLIENTS), COUNT * 4 // 5 // CLIENTS)
        after = Vitals.of(running.process.pid)
        assert running.process.poll() is None
        assert running.target.detections()
        said = running.said()
    assert [name for name in seen if name.startswith("wrong")] == []
    assert sum(seen.values()) == COUNT
    # Neither is every mutation harmless, nor is every one refused.
    assert min(seen["200"], seen["400"]) > COUNT / 20
    assert "Traceback" not in said
    assert after.memory - before.memory < GROWTH
    assert after.threads <= before.threads + 1
    assert after.files <= before.files + CLIENTS
