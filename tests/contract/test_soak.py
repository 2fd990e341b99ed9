"""Ten seconds of what `python -m tests.soak` does for ten minutes, and that it notices what it is for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from infra.contract.process import Command, started
from infra.contract.target import Target
from tests.contract.samples import samples
from tests.contract.test_contract import SERVE, picture
from tests.contract.tiny_model import write_tiny_model
from tests.soak.process import Vitals
from tests.soak.run import Soak, soak

STEADY = [Vitals(100_000_000, 10, 30)] * 40


def test_the_server_stays_what_it_is(tmp_path: Path) -> None:
    command = Command(SERVE, write_tiny_model(tmp_path / "model"), Target("127.0.0.1", 0, picture(), start_seconds=60))
    with started(command, SLIPWAY_LOG_LEVEL="error") as running:
        running.wait_until_ready()
        found = soak(running, samples(), 10)
    assert found.failures() == []
    assert set(found.answers) == {200}
    assert sum(found.answers.values()) > 200
    assert len(found.vitals) > 20


def test_steady_is_no_failure() -> None:
    assert Soak(10, Counter({200: 5}), Counter(), STEADY).failures() == []


@pytest.mark.parametrize(
    ("soak", "reason"),
    [
        (Soak(10, vitals=[Vitals(100_000_000 + 1_000_000 * n, 10, 30) for n in range(40)]), "Memory grew"),
        (Soak(10, vitals=[Vitals(100_000_000, 10 + n, 30) for n in range(40)]), "threads grew"),
        (Soak(10, vitals=[Vitals(100_000_000, 10, 30 + n) for n in range(40)]), "files grew"),
        (Soak(10, faults=Counter({"answered otherwise": 2}), vitals=STEADY), "2 times"),
    ],
)
def test_what_should_not_be_is_told(soak: Soak, reason: str) -> None:
    (failure,) = soak.failures()
    assert reason in failure
