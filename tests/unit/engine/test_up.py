"""Which engine is taken, and what a bad host is told, with programs on the PATH that stand in for the real ones."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from engine import binaries, official, up
from engine.errors import HostNotReady, RunnerUnreachable
from engine.instance import Instance
from engine.paths import SOURCE

WORKS = "#!/bin/sh\necho '{}'\n"
GO = """#!/bin/sh
[ "$1" = env ] && echo go1.21.0 && exit
[ "$GOTOOLCHAIN" = auto ] || { echo "GOTOOLCHAIN is $GOTOOLCHAIN" >&2; exit 1; }
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\necho {}\\n' >"$2" && chmod 755 "$2"
"""
FAILS = "#!/bin/sh\necho 'no engine there' >&2\nexit 1\n"
RUNNER = "_EXPERIMENTAL_DAGGER_RUNNER_HOST"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(RUNNER, raising=False)
    return tmp_path


def program(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def test_docker_with_a_dagger_is_taken(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(programs, "docker", WORKS)
    program(programs, "dagger", WORKS)
    up.up(Instance(), {})
    assert f"using the official engine in Docker, by {programs / 'dagger'}" in capsys.readouterr().out


def test_a_docker_client_without_a_daemon_is_no_docker(programs: Path) -> None:
    program(programs, "docker", FAILS)
    program(programs, "dagger", WORKS)
    assert not up.use_official({})


def test_a_dagger_that_finds_no_engine_in_docker_is_told(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(programs, "docker", WORKS)
    program(programs, "dagger", FAILS)
    assert not up.use_official({})
    assert "no engine there" in capsys.readouterr().out


def test_the_engine_that_the_environment_names_is_taken(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program(programs, "dagger", f'#!/bin/sh\n[ "${RUNNER}" = tcp://there:1 ]\n')
    up.up(Instance(), {RUNNER: "tcp://there:1"})
    assert "using the engine at tcp://there:1" in capsys.readouterr().out


def test_a_named_engine_that_does_not_answer_is_an_error_not_a_reason_for_another(programs: Path) -> None:
    program(programs, "docker", WORKS)
    program(programs, "dagger", FAILS)
    with pytest.raises(RunnerUnreachable, match=r"tcp://there:1, but no engine answers there: .*\n.*no engine there"):
        up.up(Instance(), {RUNNER: "tcp://there:1"})


def test_only_the_command_line_is_built_where_docker_works(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs, "docker", WORKS)
    cache, link = programs / "cache", programs / "local" / "dagger"
    cache.mkdir()
    program(programs, "go", GO)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setattr(official, "cli", lambda: None)
    monkeypatch.setattr(up, "own_cache", lambda: cache)
    monkeypatch.setattr(up, "own_link", lambda: link)
    assert up.use_official({})
    assert link.readlink() == cache / "bin" / "official" / "dagger"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_is_not_root_gets_the_command_line_where_docker_works() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        home = place / "home"
        home.mkdir()
        os.chown(home, 65534, 65534)
        program(place, "docker", WORKS)
        program(place, "go", GO)
        done = subprocess.run(
            ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "engine", "up"],
            cwd=SOURCE.parent,
            env={"PATH": f"{place}:/usr/bin:/bin", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        program_built = home / ".cache" / "slipway-engine" / "bin" / "official" / "dagger"
        assert done.returncode == 0, done.stderr
        assert (home / ".local" / "bin" / "dagger").readlink() == program_built
        assert "using the official engine in Docker" in done.stdout
        assert f"put {home / '.local' / 'bin'} first" in done.stdout


def test_the_official_command_line_has_no_address_compiled_in() -> None:
    assert not any("RunnerHost" in flag for flag in binaries.flags(own_engine=False))
    assert any("RunnerHost=unix:///run/dagger/engine.sock" in flag for flag in binaries.flags(own_engine=True))


def test_a_bad_host_is_refused_before_anything_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[str] = []
    monkeypatch.setattr("engine.checks.before", lambda *_, **__: ["The first.", "The second."])
    for name in ("build", "configure", "start"):
        monkeypatch.setattr(up, name, lambda *_, name=name: touched.append(name))
    with pytest.raises(HostNotReady) as refused:
        up.up(Instance(name="tests"), {})
    assert refused.value.problems == ("The first.", "The second.")
    assert not touched


@pytest.mark.parametrize("verb", ["up", "down"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_root_it_ends_with_a_sentence(verb: str) -> None:
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-m", "engine", verb],
        cwd=SOURCE.parent,
        env={"PATH": os.environ["PATH"], "SLIPWAY_ENGINE_INSTANCE": "tests", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "root" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_ends_with_a_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "engine", "up"],
        cwd=SOURCE.parent,
        env={**os.environ, "SLIPWAY_ENGINE_INSTANCE": "Not/Good"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.startswith("error: SLIPWAY_ENGINE_INSTANCE is")) == (1, True)
