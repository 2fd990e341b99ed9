from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.runtimes.batching import Batching

if TYPE_CHECKING:
    from inference.runtimes.network import Outputs

LONG = 60.0
"""Seconds that no test waits for: what ends before them did not wait for the deadline."""


class Doubling:
    """Answers twice its input; refuses any batch that holds 13. `gate` holds it back, `sizes` are its batches."""

    def __init__(self) -> None:
        self.runtime = {"name": "doubling"}
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Semaphore(0)
        self.sizes = list[int]()

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        self.entered.release()
        assert self.gate.wait(10)
        self.sizes.append(len(batch))
        if (batch == 13).any():
            raise ValueError("unlucky")
        return (batch * 2, batch + 1)


def one(value: float) -> NDArray[np.float32]:
    return np.full((1, 2), value, np.float32)


@contextmanager
def asked(batching: Batching, *values: float) -> Iterator[list[Future[Outputs]]]:
    """Each value brought by a thread of its own."""
    with ThreadPoolExecutor(len(values)) as pool:
        yield [pool.submit(batching, one(value)) for value in values]


def test_a_full_batch_goes_at_once_and_each_gets_its_own_outputs() -> None:
    network = Doubling()
    with asked(Batching(network, 4, LONG), 1, 2, 3, 4) as answers:
        for value, answer in enumerate(answers, 1):
            doubled, more = answer.result(10)
            assert doubled.tolist() == [[2 * value, 2 * value]]
            assert more.tolist() == [[value + 1, value + 1]]
    assert network.sizes == [4]


def test_a_picture_alone_goes_when_its_time_is_over() -> None:
    network = Doubling()
    assert Batching(network, 8, 0.01)(one(5))[0].tolist() == [[10, 10]]
    assert network.sizes == [1]


def test_inputs_gather_while_the_network_is_busy_and_never_more_than_fit() -> None:
    network, sizes = Doubling(), list[int]()
    network.gate.clear()
    batching = Batching(network, 3, 0.0)
    batching.observe = sizes.append
    with asked(batching, 0) as first:
        assert network.entered.acquire(timeout=10)
        with asked(batching, 1, 2, 3, 4, 5) as rest:
            until(lambda: len(batching._waiting) == 5)
            network.gate.set()
            assert [answer.result(10)[0][0, 0] for answer in [*first, *rest]] == [0, 2, 4, 6, 8, 10]
    assert network.sizes == [1, 3, 2]
    until(lambda: sizes == [1, 3, 2])


def test_the_error_of_one_touches_no_other() -> None:
    with asked(Batching(Doubling(), 3, LONG), 1, 13, 2) as (good, bad, also_good):
        assert good.result(10)[0][0, 0] == 2
        assert also_good.result(10)[0][0, 0] == 4
        with pytest.raises(ValueError, match="unlucky"):
            bad.result(10)


def test_after_an_error_it_goes_on() -> None:
    batching = Batching(Doubling(), 1, 0.0)
    with pytest.raises(ValueError, match="unlucky"):
        batching(one(13))
    assert batching(one(1))[0][0, 0] == 2


def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("It never came true.")
