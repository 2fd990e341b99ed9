from __future__ import annotations

import pytest

from inference.__main__ import main


@pytest.mark.parametrize("arguments", [[], ["train"], ["serve", "--port", "1"], ["--help"]])
def test_any_word_but_serve_is_a_sentence(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "python -m inference serve" in capsys.readouterr().err


def test_a_wrong_setting_is_a_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SLIPWAY_WORKERS", "many")
    assert main(["serve"]) == 2
    assert capsys.readouterr().err.startswith("error: SLIPWAY_WORKERS is 'many'")
