"""From a model directory to warmed-up networks, one for each worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from inference.errors import ModelError
from inference.runtimes.execution import Execution
from inference.runtimes.mock import MockNetwork
from inference.runtimes.onnx import OnnxNetwork

if TYPE_CHECKING:
    from inference.modelfiles import ModelFiles
    from inference.runtimes.network import Network
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


def _onnx(model: ModelFiles, weights: Path, threads: int, execution: Execution, *, spinning: bool) -> Network:
    return OnnxNetwork(weights, model.image_size, threads, execution, spinning=spinning)


def _warm_up(network: Network, model: ModelFiles, task: Task) -> None:
    side = model.image_size
    try:
        outputs = network(np.full((1, 3, side, side), 114 / 255, np.float32))
    except Exception as error:
        raise ModelError(
            f"{model.name} fails at its first inference ({str(error).strip().partition(chr(10))[0][:300]}). "
            "Export it again."
        ) from None
    task.check(outputs)
    if not all(np.isfinite(output).all() for output in outputs):
        raise ModelError(f"{model.name} answers with numbers that are not finite. Train or export it again.")
