"""What every runtime offers: a network that turns inputs into raw outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Outputs = tuple[NDArray[np.float32], ...]
    """Raw outputs of a batch, in the network's order: each (n, …)."""


class Network(Protocol):
    """Runs a model; safe to be called from one thread at a time."""

    runtime: dict[str, str]
    """What runs it, for GET /info."""

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        """Inputs (n, 3, height, width), RGB from 0 to 1 → raw outputs."""
        ...
