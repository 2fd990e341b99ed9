"""Two runs at the same time: the second waits."""

import subprocess
import sys
import time
from pathlib import Path

from engine.lock import exclusive
from engine.paths import SOURCE

PROGRAM = """
import sys
import time
from pathlib import Path
from engine.lock import exclusive
with exclusive(Path(sys.argv[1]), "waiting"):
    print("inside", flush=True)
    sys.stdin.readline()
"""


def hold(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=SOURCE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    return process.stdout.readline().strip()


def test_the_second_waits_and_says_so_until_the_first_is_killed(tmp_path: Path) -> None:
    first = hold(tmp_path)
    assert line(first) == "inside"
    second = hold(tmp_path)
    assert line(second) == "waiting"
    deadline = time.monotonic() + 20
    while not any("->" in lock and f" {second.pid} " in lock for lock in Path("/proc/locks").read_text().splitlines()):
        assert time.monotonic() < deadline, "the second does not wait"
        time.sleep(0.01)
    first.kill()
    assert line(second) == "inside"
    second.communicate("\n")
    assert second.returncode == 0
    assert list(tmp_path.iterdir()) == [], "the lock leaves nothing behind"
    with exclusive(tmp_path, "free"):
        pass
