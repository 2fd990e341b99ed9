"""When a running engine is left alone, and when it is started anew."""

from pathlib import Path

import pytest

from engine import start
from engine.instance import Instance


@pytest.fixture
def dagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command line that finds an engine; the engine was started with "now"."""
    monkeypatch.setattr("engine.instance.CACHE", tmp_path)
    monkeypatch.setattr(start, "BIN", tmp_path)
    Instance().home.mkdir(parents=True)
    (Instance().home / "started-with").write_text("now")
    program = tmp_path / "dagger"
    program.write_text("#!/bin/sh\necho '{}'\n")
    program.chmod(0o755)
    return program


def test_an_engine_that_is_as_configured_and_answers_is_fit(dagger: Path) -> None:
    assert start.unfit(Instance(), "now") is None


def test_another_configuration_makes_it_unfit(dagger: Path) -> None:
    assert start.unfit(Instance(), "later") == "what it was started with has changed"


def test_a_start_that_was_never_finished_makes_it_unfit(dagger: Path) -> None:
    (Instance().home / "started-with").unlink()
    assert start.unfit(Instance(), "now") == "what it was started with has changed"


def test_silence_makes_it_unfit_and_is_told(dagger: Path) -> None:
    dagger.write_text("#!/bin/sh\nprintf 'trying\\nconnection refused\\n' >&2\nexit 1\n")
    assert start.unfit(Instance(), "now") == "it does not answer (connection refused)"
