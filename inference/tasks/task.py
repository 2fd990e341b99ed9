"""What a model is for, and what its raw outputs mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from inference.decode import Picture
    from inference.options import Options
    from inference.preprocess import Letterbox
    from inference.runtimes.network import Outputs


class Task(Protocol):
    """One kind of model: how a picture is laid before it, and how its outputs are read."""

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that mean something to such a model."""
        ...

    @property
    def max_detections(self) -> int:
        """How many things an answer has at most, unless the request says otherwise."""
        ...

    def place(self, width: int, height: int) -> Letterbox:
        """Where a picture of this size lies in the network's input."""
        ...

    def check(self, outputs: Outputs) -> None:
        """Raises ModelError unless the outputs of a batch of one are what such a model answers with."""
        ...

    def invented(self) -> Outputs:
        """Outputs of a batch of one that a mock answers with: one object of the first class in the middle."""
        ...

    def read(self, outputs: Outputs, letterbox: Letterbox, picture: Picture, options: Options) -> dict[str, Any]:
        """The part of the answer that the task adds, from the outputs of one picture, without the batch's dimension.

        Coordinates are pixels of the picture as it is looked at.
        """
        ...
