"""From a model directory to warmed-up networks, one for each worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.errors import ModelError
from inference.runtimes.batching import Batching
from inference.runtimes.execution import Execution
from inference.runtimes.mock import MockNetwork
from inference.runtimes.onnx import OnnxNetwork

if TYPE_CHECKING:
    from inference.modelfiles import ModelFiles
    from inference.runtimes.network import Network, Outputs
    from inference.tasks.task import Task


def load_networks(
    model: ModelFiles, task: Task, workers: int, threads: int, execution: Execution | None = None
) -> list[Network]:
    """One network for each worker, warmed up by a first inference; raises ModelError and DeviceError.

    Workers of one thread share a session, and so do those of a GPU: it keeps no state between runs and its weights
    are in memory once.
    """
    execution = execution or Execution()
    networks: list[Network]
    if model.weights is None:
        networks = [MockNetwork(task.invented())] * workers
    elif threads == 1 or execution.on_gpu:
        networks = [_onnx(model, model.weights, 1, execution, spinning=False)] * workers
    else:
        networks = [_onnx(model, model.weights, threads, execution, spinning=workers == 1) for _ in range(workers)]
    for network in dict.fromkeys(networks):
        _warm_up(network, model, task)
    return networks


def load_quiet(
    model: ModelFiles, task: Task, workers: int, threads: int, execution: Execution | None = None
) -> Network | None:
    """A warmed-up network of so many threads for when cores are idle; raises ModelError.

    None where no core ever is: for one worker, or on a GPU. Its answers are those of one thread, bit for bit.
    """
    execution = execution or Execution()
    if model.weights is None or threads == 1 or workers == 1 or execution.on_gpu:
        return None
    # Threads that wait busily would take from the others the cores that they begin to need.
    network = _onnx(model, model.weights, threads, execution, spinning=False)
    _warm_up(network, model, task)
    return network


def batched(network: Network, model: ModelFiles, task: Task, size: int, seconds: float) -> Batching:
    """A network for all workers that takes up to `size` inputs at once (see Batching); raises ModelError.

    It is given a full batch first: a graph may refuse one, or answer its first input only.
    """
    outputs = _first(network, model, size)
    if not all(len(output) == size and np.array_equal(output[:1], output[-1:]) for output in outputs):
        raise ModelError(
            f"{model.name} does not answer each picture of a batch of {size}. Export it with a free batch and without "
            "NMS, or set SLIPWAY_BATCH=1."
        )
    batching = Batching(network, size, seconds)
    _warm_up(batching, model, task)
    return batching


def _onnx(model: ModelFiles, weights: Path, threads: int, execution: Execution, *, spinning: bool) -> Network:
    return OnnxNetwork(weights, model.image_size, threads, execution, spinning=spinning, rectangular=model.rectangular)


def _warm_up(network: Network, model: ModelFiles, task: Task) -> None:
    outputs = _first(network, model, 1)
    task.check(outputs)
    if not all(np.isfinite(output).all() for output in outputs):
        raise ModelError(f"{model.name} answers with numbers that are not finite. Train or export it again.")


def _first(network: Network, model: ModelFiles, inputs: int) -> Outputs:
    side = model.image_size
    try:
        return network(np.full((inputs, 3, side, side), 114 / 255, np.float32))
    except Exception as error:
        together = "" if inputs == 1 else f" of {inputs} pictures together"
        advice = "Export it again." if inputs == 1 else "Export it with a free batch, or set SLIPWAY_BATCH=1."
        raise ModelError(
            f"{model.name} fails at its first inference{together} ({str(error).strip().partition(chr(10))[0][:300]}). "
            f"{advice}"
        ) from None
