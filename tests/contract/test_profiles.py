"""Each clause about where an image runs notices a server that cannot live there."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from infra.contract.__main__ import PROFILES, main
from infra.contract.clause import Verdict
from infra.contract.lifetime import lifetime
from infra.contract.process import Command
from infra.contract.sandbox import leave_the_network
from infra.contract.target import Target
from tests.contract.test_contract import picture
from tests.contract.tiny_model import write_tiny_model

CONFINED = os.geteuid() == 0 and subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode == 0
pytestmark = pytest.mark.skipif(not CONFINED, reason="confining a process takes root with CAP_SYS_ADMIN")

FAULTS = {
    "model-mounted": ["ignores-the-mounted-model", "needs-a-setting"],
    "model-baked": ["wants-a-mounted-model"],
    "no-network": ["needs-the-network"],
    "memory": ["hoards-memory"],
    "stop-first-process": ["default-signals", "exit-code-3"],
    "writes": ["writes-outside-tmp"],
    "payload-setting": ["has-a-fixed-limit"],
    "stop-stubborn": ["ignores-sigterm"],
    "lambda-files": ["writes-outside-tmp", "needs-shared-memory"],
    "lambda-user": ["needs-root"],
    "lambda-open-files": ["needs-many-files"],
    "lambda-memory": ["hoards-memory"],
    "lambda-payload": ["has-a-fixed-limit", "says-too-much"],
    "startup-probe": ["ready-too-early"],
    "liveness-probe": ["ping-fails-when-busy"],
    "readiness-probe": ["ping-good-to-the-end", "refuses-after-signal", "loses-requests"],
    "pre-stop": ["no-sleep"],
    "grace-period": ["ignores-sigterm"],
    "restricted-pod": ["needs-root", "writes-outside-tmp"],
}


@pytest.fixture(scope="module")
def command() -> Iterator[Command]:
    """A server that anybody may read, outside /tmp and /root, with a model of its own beside it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, pytest.MonkeyPatch.context() as patch:
        home = Path(folder)
        home.chmod(0o755)
        script = str(shutil.copy(Path(__file__).parent / "bad_process.py", home))
        patch.setenv("TEST_BAKED", str(write_tiny_model(home / "baked")))
        patch.setenv("TEST_MOUNTED", str(home / "mounted"))
        patch.setenv("TEST_STOPS_AFTER", "0.8")
        python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
        yield Command(
            [python, script, "none", "serve"],
            home / "baked",
            Target("127.0.0.1", 0, picture(), clients=4, load_seconds=0.3, start_seconds=10),
            stop_seconds=8,
            fail_seconds=3,
            memory=512 * 2**20,
            mount_point=str(home / "mounted"),
        )


@pytest.fixture(scope="module")
def judge(command: Command) -> Iterator[ProcessPoolExecutor]:
    """A process that has left the network."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=leave_the_network) as pool:
        yield pool


def _verdict(command: Command, clause: str) -> Verdict:
    (verdict,) = PROFILES["all"].judge(command, [clause])
    return verdict


@pytest.mark.parametrize(("clause", "fault"), [(clause, fault) for clause in FAULTS for fault in FAULTS[clause]])
def test_a_server_that_cannot_live_there_is_noticed(
    command: Command, judge: ProcessPoolExecutor, clause: str, fault: str
) -> None:
    python, script, _, word = command.words
    # What ends after 0.8 s when it is sound need not be waited for as long as the others.
    stop_seconds = 2 if clause.startswith("stop") else command.stop_seconds
    bad = replace(command, words=[python, script, fault, word], stop_seconds=stop_seconds)
    if fault == "no-sleep":
        bad = replace(command, pre_stop=["no-such-program"])
    verdict = judge.submit(_verdict, bad, clause).result()
    assert not verdict.holds
    assert verdict.failure


@pytest.mark.parametrize("clause", FAULTS)
def test_a_server_that_can_live_there_is_not_blamed(command: Command, judge: ProcessPoolExecutor, clause: str) -> None:
    verdict = judge.submit(_verdict, command, clause).result()
    assert verdict.holds, verdict.failure
    assert verdict.source.url or verdict.source.title.startswith("Slipway")


def test_every_clause_of_every_profile_has_a_fault() -> None:
    assert set(FAULTS) == {one.name for one in PROFILES["all"].clauses} - {one.name for one in lifetime.clauses}


def test_a_network_is_noticed_where_there_should_be_none(command: Command) -> None:
    assert "Give --profile" in _verdict(command, "no-network").failure


def test_a_profile_is_about_a_command(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    sample = tmp_path / "sample.jpg"
    sample.write_bytes(picture())
    with pytest.raises(SystemExit) as ended:
        main(["--url", "http://127.0.0.1:1", "--sample", str(sample), "--profile", "lambda"])
    assert ended.value.code == 2
    assert "--command" in capsys.readouterr().err
