"""LitServe around the same ONNX file: `python -m tests.bench.serving.litserve_app PORT WEIGHTS SIDE WORKERS BATCH`."""

import base64
import os
import sys
from typing import Any

import litserve
from fastapi import Request

from tests.bench.serving import yolo


class Detector(litserve.LitAPI):  # type: ignore[misc]
    """Takes base64, as LitServe's examples do: it refuses a picture as the body."""

    def __init__(self, weights: str, side: int, threads: int, batch: int) -> None:
        super().__init__(max_batch_size=batch, batch_timeout=0.005 if batch > 1 else 0.0)
        self._weights, self._side, self._threads = weights, side, threads

    def setup(self, device: str) -> None:
        """One session for each worker, whose threads share the cores."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(self._weights, options, providers=["CPUExecutionProvider"])
        self._name = self._session.get_inputs()[0].name

    def decode_request(self, request: Request) -> Any:
        """The network's input; LitServe hands over the JSON of the request."""
        return yolo.before(base64.b64decode(request["image"]), self._side)[0]

    def predict(self, given: Any) -> Any:
        """Heads of a batch, or of one picture."""
        return self._session.run(None, {self._name: given if given.ndim == 4 else given[None]})[0]

    def unbatch(self, output: Any) -> Any:
        """The heads one by one."""
        return list(output)

    def encode_response(self, output: Any) -> dict[str, Any]:
        """Detections as JSON."""
        return {"detections": yolo.after(output if output.ndim == 2 else output[0])}


if __name__ == "__main__":
    port, weights, side, workers, batch = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    server = litserve.LitServer(
        Detector(weights, side, threads, batch), accelerator="cpu", workers_per_device=workers, timeout=False
    )
    server.run(port=int(port), generate_client_file=False, log_level="warning")
