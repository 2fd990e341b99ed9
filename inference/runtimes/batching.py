"""Dynamic batching: pictures that arrive together go through the network together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.runtimes.network import Network, Outputs


@dataclass
class _Place:
    """One caller, who waits for the outputs of its input."""

    batch: NDArray[np.float32]
    arrived: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    outputs: Outputs = ()
    error: Exception | None = None


class Batching:
    """A network for many threads: each brings one input and gets its own outputs.

    An inference begins when `size` inputs wait, or when the first has waited for `seconds`; while one runs, the next
    inputs gather. What fails together is tried one by one, so that an input only fails by itself.
    """

    def __init__(self, network: Network, size: int, seconds: float) -> None:
        self.runtime = network.runtime
        self.observe: Callable[[int], None] = lambda size: None
        """Told how many inputs went together, after each inference."""
        self._network = network
        self._size = size
        self._seconds = seconds
        self._waiting: list[_Place] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="batching", daemon=True).start()

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        """The outputs of one input (1, 3, height, width), of the same size each time."""
        place = _Place(batch)
        with self._changed:
            self._waiting.append(place)
            self._changed.notify()
        place.done.wait()
        if place.error is not None:
            raise place.error
        return place.outputs

    def _work(self) -> None:
        while True:
            together = self._gathered()
            self._answer(together)
            self.observe(len(together))

    def _gathered(self) -> list[_Place]:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            left = self._waiting[0].arrived + self._seconds - time.monotonic()
            self._changed.wait_for(lambda: len(self._waiting) >= self._size, timeout=max(0.0, left))
            together, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        return together

    def _answer(self, together: list[_Place]) -> None:
        try:
            outputs = self._network(np.concatenate([place.batch for place in together]))
        except Exception as error:
            if len(together) == 1:
                together[0].error = error
                together[0].done.set()
            else:
                for place in together:
                    self._answer([place])
            return
        for number, place in enumerate(together):
            place.outputs = tuple(output[number : number + 1] for output in outputs)
            place.done.set()
