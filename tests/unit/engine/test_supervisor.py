"""Keeping a program running, and knowing whether the supervisor lives."""

import fcntl
import logging
import sys
import threading
from pathlib import Path

import pytest

from engine import instance as instances
from engine import supervisor
from engine.down import remove_shared
from engine.errors import StopFailed
from engine.instance import Instance


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Instance:
    monkeypatch.setattr(instances, "CACHE", tmp_path)
    return Instance(name="tests")


class Heard:
    """Collects what is reported and lets a test wait for it."""

    def __init__(self, enough: int) -> None:
        self.lines: list[str] = []
        self.enough = enough
        self.reached = threading.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) >= self.enough:
            self.reached.set()


def child(command: list[str], report: Heard, log: logging.Logger, after: list[int]) -> supervisor.Child:
    return supervisor.Child("it", command, {}, log, report, after=lambda: after.append(1))


def test_a_program_that_ends_is_cleaned_up_after_and_started_again() -> None:
    report, after = Heard(2), list[int]()
    one = child([sys.executable, "-c", "raise SystemExit(3)"], report, logging.getLogger("test.supervisor"), after)
    thread = threading.Thread(target=one.keep)
    thread.start()
    assert report.reached.wait(20)
    one.end(5)
    thread.join(20)
    assert not thread.is_alive()
    assert report.lines[:2] == [
        "it ended with 3; starting it again in 1 s",
        "it ended with 3; starting it again in 2 s",
    ]
    assert len(after) >= 2


def test_a_stopped_program_is_not_started_again(tmp_path: Path) -> None:
    ready = Heard(1)
    log = logging.getLogger("test.ready")
    log.setLevel(logging.INFO)
    handler = logging.Handler()
    handler.emit = lambda record: ready(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    said = Heard(99)
    one = child([sys.executable, "-c", "print('ready', flush=True); import time; time.sleep(60)"], said, log, [])
    thread = threading.Thread(target=one.keep)
    thread.start()
    assert ready.reached.wait(20)
    one.end(10)
    thread.join(20)
    assert not thread.is_alive()
    assert said.lines == []


def test_a_program_that_ignores_the_signal_is_killed() -> None:
    ready = Heard(1)
    log = logging.getLogger("test.stubborn")
    log.setLevel(logging.INFO)
    handler = logging.Handler()
    handler.emit = lambda record: ready(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    said = Heard(99)
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    one = child([sys.executable, "-c", script], said, log, [])
    thread = threading.Thread(target=one.keep)
    thread.start()
    assert ready.reached.wait(20)
    one.end(0.2)
    thread.join(20)
    assert not thread.is_alive()
    assert "is killed" in said.lines[0]


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_BYTES", 1000)
    log = supervisor._log(tmp_path / "bounded.log")
    for _ in range(1000):
        log.info("x" * 50)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 2000


def test_a_stale_pid_file_is_not_a_running_engine(instance: Instance) -> None:
    assert supervisor.pid(instance) is None
    instance.home.mkdir(parents=True)
    supervisor.lock_file(instance).write_text("1")
    assert supervisor.pid(instance) is None
    assert not supervisor.stop(instance)


def test_a_pid_that_is_about_to_be_written_is_waited_for(instance: Instance) -> None:
    instance.home.mkdir(parents=True)
    with supervisor.lock_file(instance).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        def write() -> None:
            lock.write("4711")
            lock.flush()

        timer = threading.Timer(0.1, write)
        timer.start()
        assert supervisor.pid(instance) == 4711
        timer.join()


def test_a_pid_that_is_never_written_is_told(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "WRITTEN", 0.05)
    instance.home.mkdir(parents=True)
    with supervisor.lock_file(instance).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StopFailed, match="its pid is not in there"):
            supervisor.pid(instance)


def test_shared_files_go_with_the_last_instance(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    (cache / "bin").mkdir(parents=True)
    (cache / "instances" / "other").mkdir(parents=True)
    remove_shared(cache)
    assert (cache / "bin").exists()
    (cache / "instances" / "other").rmdir()
    remove_shared(cache)
    assert not cache.exists()
