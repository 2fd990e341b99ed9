from __future__ import annotations

import json
import logging

import pytest

from inference import logs


@pytest.fixture(autouse=True)
def restore_logging() -> object:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def test_an_event_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.event("invocation", status=200, note="two\nlines")
    logs.event("hidden", level="debug")
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("uvicorn.error").warning("odd")
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["level"], first["event"], first["status"], first["note"]) == ("info", "invocation", 200, "two\nlines")
    assert first["time"].endswith("Z")
    assert (second["level"], second["event"]) == ("warning", "odd")


def test_an_exception_is_still_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    try:
        int("why")
    except ValueError:
        logs.event("bug", level="error", exc_info=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["traceback"]
