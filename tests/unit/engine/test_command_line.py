"""What `dagger` means on the host, before and after."""

from pathlib import Path

import pytest

from engine import command_line


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command_line, "CACHE", tmp_path / "cache")
    program = tmp_path / "cache" / "bin" / "dagger"
    program.parent.mkdir(parents=True)
    program.write_text("ours")
    (tmp_path / "bin").mkdir()
    return program


def test_linked_and_unlinked_without_a_trace(ours: Path, tmp_path: Path) -> None:
    place = tmp_path / "bin" / "dagger"
    command_line.link(ours, place)
    command_line.link(ours, place)
    assert place.readlink() == ours
    command_line.unlink(place)
    assert list(place.parent.iterdir()) == []


def test_another_dagger_is_kept_and_put_back(ours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "bin" / "dagger"
    place.write_text("theirs")
    command_line.link(ours, place)
    assert place.read_text() == "ours"
    assert "was another program" in capsys.readouterr().out
    command_line.unlink(place)
    assert place.read_text() == "theirs"
    command_line.unlink(place)
    assert place.read_text() == "theirs", "only our own link is taken away"


def test_our_other_program_is_replaced_not_kept(ours: Path, tmp_path: Path) -> None:
    place = tmp_path / "bin" / "dagger"
    other = ours.with_name("official")
    other.write_text("official")
    command_line.link(other, place)
    command_line.link(ours, place)
    command_line.unlink(place)
    assert list(place.parent.iterdir()) == []


def test_a_path_that_finds_another_dagger_is_told(
    ours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "dagger").write_text("#!/bin/sh\n")
    (first / "dagger").chmod(0o755)
    place = tmp_path / "bin" / "dagger"
    monkeypatch.setenv("PATH", f"{first}:{place.parent}")
    command_line.link(ours, place)
    assert f"your PATH finds {first / 'dagger'}" in capsys.readouterr().out
