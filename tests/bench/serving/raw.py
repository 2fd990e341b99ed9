"""The bound: the model alone, with its input ready in memory and nothing around it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.bench.serving.clients import Call

CORES = len(os.sched_getaffinity(0))
Raw = tuple[str, int, Callable[[], Call]]
"""A name, how many run at the same time, and what makes a caller."""


def raw_runtimes(weights: str, width: int, height: int) -> Iterator[Raw]:
    """Each runtime once for throughput, an inference on each core, and once for latency, all cores for one."""
    given = np.random.default_rng(1).random((1, 3, height, width), np.float32)
    yield f"onnxruntime alone, {CORES} x 1 thread", CORES, _onnxruntime(weights, given, 1, spinning=False)
    yield f"onnxruntime alone, 1 x {CORES} threads", 1, _onnxruntime(weights, given, CORES, spinning=True)
    yield f"OpenVINO alone, {CORES} streams", CORES, _openvino(weights, given, CORES)
    yield f"OpenVINO alone, 1 x {CORES} threads", 1, _openvino(weights, given, 1)


def _onnxruntime(weights: str, given: Any, threads: int, *, spinning: bool) -> Callable[[], Call]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: lambda: session.run(None, {name: given}) and None


def _openvino(weights: str, given: Any, streams: int) -> Callable[[], Call]:
    import openvino

    core = openvino.Core()
    graph = core.read_model(weights)
    graph.reshape(given.shape)
    # By default it may compute in bfloat16: another answer than that of the others.
    settings = {"NUM_STREAMS": streams, "INFERENCE_NUM_THREADS": CORES, "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(graph, "CPU", settings)

    def make() -> Call:
        request = compiled.create_infer_request()

        def call() -> None:
            request.infer([given])

        return call

    return make
