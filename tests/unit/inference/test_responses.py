from __future__ import annotations

from typing import Any

import anyio
import pytest

from inference import responses
from inference.bodies.reader import ClientGone
from inference.responses import LineStream


async def test_lines_are_sent_as_they_are_made() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    lines = LineStream(send, {"X-Request-Id": "a"})
    assert not lines.begun
    await lines.line({"index": 0})
    assert lines.begun
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (b"x-request-id", b"a") in sent[0]["headers"]
    assert (sent[1]["body"], sent[1]["more_body"]) == (b'{"index":0}\n', True)
    await lines.line({"index": 1})
    await lines.end()
    assert [message["body"] for message in sent[2:]] == [b'{"index":1}\n', b""]
    assert sent[-1]["more_body"] is False


async def test_a_client_that_takes_no_line_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    async def send(_: Any) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr(responses, "STALL_SECONDS", 0.01)
    with pytest.raises(ClientGone):
        await LineStream(send, {}).line({})
