"""The tables of `make bench` say what was measured."""

from __future__ import annotations

import threading

import pytest

from tests.bench.serving.clients import Call, Figures, measure
from tests.bench.serving.report import tables

RAW, SLOW_RAW = "onnxruntime alone, 2 x 1 thread", "onnxruntime alone, 1 x 2 threads"


def figures(name: str, clients: int, rates: list[float], p50: float, cpu: float = 100) -> list[Figures]:
    return [Figures(name, clients, number, rate, p50, 2 * p50, cpu) for number, rate in enumerate(rates)]


FOUND = [
    *figures(RAW, 2, [20, 10, 22], 100, cpu=90),
    *figures(SLOW_RAW, 1, [15, 8, 16], 60),
    *figures("Slipway", 1, [14, 7, 15], 64),
    *figures("Slipway", 8, [19, 9, 21], 400, cpu=100),
    *figures("Slipway, 1080p", 1, [12, 6, 13], 71),
    *figures("LitServe, 2 workers", 8, [10, 4, 10], 800, cpu=150),
    *figures("LitServe, batches of 8", 8, [5, 5, 5], 1600),
]


@pytest.mark.parametrize(
    ("row", "measured"),
    [
        (f"Slipway ÷ the best raw runtime ({RAW})", "0.95 (0.90-0.95)"),
        ("Slipway ÷ LitServe, 2 workers", "2.10 (1.90-2.25)"),
        (f"{RAW} ÷ Slipway", "0.90"),
        ("LitServe, 2 workers ÷ Slipway", "1.50"),
        (f"p50 of Slipway less that of {SLOW_RAW}", "4.0 ms (4.0 to 4.0)"),
        ("p50 of 1080p less that of 640 px", "7.0 ms (7.0 to 7.0)"),
    ],
)
def test_ratios_are_of_the_same_round_and_against_the_best(row: str, measured: str) -> None:
    (line,) = [line for line in tables(FOUND).splitlines() if row in line]
    assert line.split(" | ")[1] == measured


def test_every_contender_has_a_row_with_its_medians() -> None:
    lines = tables(FOUND).splitlines()
    (slipway,) = [line for line in lines if line.startswith("| Slipway | ")]
    assert slipway == "| Slipway | 14.0 | 64, 128 | 100 | 19.0 | 400, 800 | 100 |  |  |  |"
    (raw,) = [line for line in lines if line.startswith(f"| {RAW} | ")]
    assert raw.startswith(f"| {RAW} | 20.0 | 100, 200 | 90 |")


def test_a_contender_is_asked_by_all_clients_at_once_and_its_time_is_shared_out() -> None:
    together, spent = threading.Barrier(3), iter([1.0, 4.0])

    def make() -> Call:
        together.wait(10)
        return lambda: None

    found = measure("it", 0, make, lambda: next(spent), 3, 0.01)
    assert found.clients == 3
    assert found.requests_per_s > 0
    assert 0 < found.cpu_ms <= 3000 / 6
    assert found.p50_ms <= found.p99_ms


def test_a_contender_that_fails_fails_the_measurement() -> None:
    def refuse() -> None:
        raise RuntimeError("answered 500")

    with pytest.raises(RuntimeError, match="answered 500"):
        measure("it", 0, lambda: refuse, lambda: 0.0, 2, 0.05)
