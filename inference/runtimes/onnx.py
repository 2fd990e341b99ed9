"""ONNX Runtime, on the processor's cores or on a GPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inference.errors import DeviceError, ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from inference.runtimes.execution import Execution
    from inference.runtimes.network import Outputs


# Official builds send usage data to Microsoft, and keep a database for it at home, unless this is set before they load
# (ONNX Runtime, Privacy.md, "Disabling Telemetry").
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


FREE = ("height", "width")
"""What the sizes of an input are called that takes rectangles."""


class OnnxNetwork:
    """A session of ONNX Runtime."""

    def __init__(
        self,
        weights: Path,
        side: int,
        threads: int,
        execution: Execution,
        *,
        spinning: bool,
        rectangular: bool = False,
    ) -> None:
        """Loads the model; raises ModelError when it cannot be, or does not take squares of `side` pixels.

        `rectangular` asks for one that takes any size. Where it is only given squares, what depends on the size is
        computed once, when it is loaded.

        Raises DeviceError when the provider that is wanted was left out: ONNX Runtime itself goes on without it.

        `spinning` lets idle threads wait busily: faster for one worker that has all cores, ruinous for several.
        """
        # It costs a quarter of a second, which a mock need not pay.
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        for name in () if rectangular else FREE:
            options.add_free_dimension_override_by_name(name, side)
        try:
            self._session = onnxruntime.InferenceSession(str(weights), options, providers=list(execution.providers))
        except Exception as error:
            raise ModelError(f"{weights} cannot be loaded ({_first_line(error)}). Export the model again.") from None
        self._input = _checked_input(self._session, [3, *(FREE if rectangular else (side, side))], weights)
        provider = self._session.get_providers()[0]
        if provider != execution.wanted:
            raise DeviceError(
                f"ONNX Runtime runs {weights.name} by {provider} and not by {execution.wanted}: the lines before this "
                "one say why. Mend that, or build the image for the device cpu."
            )
        self.runtime = {
            "name": "onnxruntime",
            "version": onnxruntime.__version__,
            "provider": provider,
            **({"fallback": execution.fallback} if execution.fallback else {}),
        }

    def __call__(self, batch: NDArray[np.float32]) -> Outputs:
        """Runs the network without holding the interpreter's lock."""
        return tuple(self._session.run(None, {self._input: batch}))


def _checked_input(session: Any, wanted: list[int | str], weights: Path) -> str:
    inputs = session.get_inputs()
    shape = list(inputs[0].shape)
    if len(inputs) != 1 or len(shape) != 4 or shape[1:] != wanted or inputs[0].type != "tensor(float)":
        raise ModelError(
            f"{weights} takes {inputs[0].type} of shape {shape}; model.json promises one float input of shape "
            f"(batch, {', '.join(map(str, wanted))}). Export the model again."
        )
    return str(inputs[0].name)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
