"""A network that finds nothing real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from inference.runtimes.network import Outputs


class MockNetwork:
    """Answers every input with the same outputs."""

    def __init__(self, outputs: Outputs) -> None:
        """Takes the outputs of one picture, each (1, …)."""
        self._outputs = outputs
        self.runtime = {"name": "mock", "version": "", "provider": ""}

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        """The same for each input."""
        return tuple(np.repeat(output, len(batch), axis=0) for output in self._outputs)
