"""What is taken away where no engine of our own was made. Taking one down for real is in tests/pipeline."""

import os
from pathlib import Path

import pytest

from engine import command_line, down
from engine.errors import HostNotReady
from engine.instance import Instance


@pytest.fixture
def link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line of somebody who is not root, on a host with Docker."""
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("engine.instance.CACHE", tmp_path / "system")
    program = tmp_path / ".cache" / "slipway-engine" / "bin" / "official" / "dagger"
    program.parent.mkdir(parents=True)
    program.write_text("official")
    link = tmp_path / ".local" / "bin" / "dagger"
    command_line.link(program, link)
    return link


@pytest.mark.parametrize("purge", [False, True])
def test_the_command_line_is_taken_away_without_root(
    link: Path, capsys: pytest.CaptureFixture[str], purge: bool
) -> None:
    down.down(Instance(), purge=purge)
    assert not link.is_symlink()
    assert (link.parents[2] / ".cache" / "slipway-engine").exists() is not purge
    assert "docker rm -f" in capsys.readouterr().out
    down.down(Instance(), purge=purge)


def test_a_program_of_the_users_own_stays(link: Path) -> None:
    link.unlink()
    link.write_text("theirs")
    down.down(Instance(), purge=True)
    assert link.read_text() == "theirs"


def test_an_engine_of_our_own_is_not_taken_down_without_root(link: Path) -> None:
    Instance().home.mkdir(parents=True)
    with pytest.raises(HostNotReady):
        down.down(Instance(), purge=True)
    assert link.is_symlink()
