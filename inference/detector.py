"""What turns an input into a raw head: ONNX Runtime, or a mock that says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from inference.errors import ModelError
from inference.modelfiles import ModelFiles

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Official builds send usage data to Microsoft, and keep a database for it at home, unless this is set before they load
# (ONNX Runtime, Privacy.md, "Disabling Telemetry").
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


class Detector(Protocol):
    """Runs the network; safe to be called from one thread at a time."""

    runtime: dict[str, str]
    """What runs it, for GET /info."""

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Inputs (n, 3, side, side) → heads (n, 4 + classes, anchors)."""
        ...


class OnnxDetector:
    """A session of ONNX Runtime on the CPU."""

    def __init__(self, model: ModelFiles, weights: Path, threads: int, *, spinning: bool) -> None:
        """Loads the model; raises ModelError when it cannot be, or does not fit what model.json says.

        `spinning` lets idle threads wait busily: faster for one worker that has all cores, ruinous for several.
        """
        # It costs a quarter of a second, which a mock need not pay.
        import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spinning else "0")
        try:
            self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(f"{weights} cannot be loaded ({_first_line(error)}). Export the model again.") from None
        self._input = _checked_input(self._session, model, weights)
        self.runtime = {
            "name": "onnxruntime",
            "version": onnxruntime.__version__,
            "provider": self._session.get_providers()[0],
        }

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Runs the network without holding the interpreter's lock."""
        head: NDArray[np.float32] = self._session.run(None, {self._input: batch})[0]
        return head


class MockDetector:
    """Finds the same thing in every picture: an object of the first class in the middle, a quarter of its square."""

    def __init__(self, model: ModelFiles) -> None:
        side = model.image_size
        self._head = np.zeros((4 + len(model.labels), 1), np.float32)
        self._head[:5, 0] = (side / 2, side / 2, side / 2, side / 2, 0.9)
        self.runtime = {"name": "mock", "version": "", "provider": ""}

    def __call__(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """One made-up object for each input."""
        return np.repeat(self._head[None], len(batch), axis=0)


def load_detectors(model: ModelFiles, workers: int, threads: int) -> list[Detector]:
    """One detector for each worker, warmed up by a first inference; raises ModelError.

    Workers of one thread share a session: it keeps no state between runs and its weights are in memory once.
    """
    detectors: list[Detector]
    if model.weights is None:
        detectors = [MockDetector(model)] * workers
    elif threads == 1:
        detectors = [OnnxDetector(model, model.weights, 1, spinning=False)] * workers
    else:
        weights = model.weights
        detectors = [OnnxDetector(model, weights, threads, spinning=workers == 1) for _ in range(workers)]
    for detector in dict.fromkeys(detectors):
        _warm_up(detector, model)
    return detectors


def _warm_up(detector: Detector, model: ModelFiles) -> None:
    side = model.image_size
    try:
        head = detector(np.full((1, 3, side, side), 114 / 255, np.float32))
    except Exception as error:
        raise ModelError(
            f"{model.name} fails at its first inference ({_first_line(error)}). Export it again."
        ) from None
    rows = 4 + len(model.labels)
    if head.ndim != 3 or head.shape[:2] != (1, rows) or head.dtype != np.float32:
        raise ModelError(
            f"{model.name} answers with {head.dtype} of shape {head.shape}; a raw head of {len(model.labels)} classes "
            f"is float32 of shape (1, {rows}, anchors). Export it without NMS, with the labels that it was trained on."
        )
    if not np.isfinite(head).all():
        raise ModelError(f"{model.name} answers with numbers that are not finite. Train or export it again.")


def _checked_input(session: object, model: ModelFiles, weights: Path) -> str:
    inputs = session.get_inputs()  # type: ignore[attr-defined]
    shape = list(inputs[0].shape)
    side = model.image_size
    if len(inputs) != 1 or len(shape) != 4 or shape[1:] != [3, side, side] or inputs[0].type != "tensor(float)":
        raise ModelError(
            f"{weights} takes {inputs[0].type} of shape {shape}; model.json promises one float input of shape "
            f"(batch, 3, {side}, {side}). Export the model again."
        )
    return str(inputs[0].name)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300]
