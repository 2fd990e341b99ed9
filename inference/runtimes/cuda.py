"""NVIDIA's GPUs: is there one, is its driver new enough, and are the libraries loaded that ONNX Runtime needs."""

from __future__ import annotations

import contextlib
import ctypes
import io
from typing import Any

from inference.errors import DeviceError

OPTIONS: dict[str, Any] = {
    # Pictures come in batches of several sizes; a search for the fastest convolution at each new one takes seconds.
    "cudnn_conv_algo_search": "HEURISTIC",
    # Memory as it is needed: doubling leaves nothing for a second process on the same GPU.
    "arena_extend_strategy": "kSameAsRequested",
    # TF32 rounds to 10 bits, and the answers are promised to be those of FP32.
    "use_tf32": "0",
}
DRIVER = "libcuda.so.1"
"""Comes with the driver: the NVIDIA Container Toolkit puts it into the container of a machine with a GPU."""
_ADVICE = (
    "Start the image where there is one (on SageMaker: a GPU instance type with a fitting inference_ami_version), "
    "build it for the device cpu, or set SLIPWAY_CPU_FALLBACK=1 to have the processor do the work, many times slower."
)


def load() -> None:
    """Loads the CUDA libraries that lie beside ONNX Runtime; raises DeviceError without a GPU that they can use."""
    driver = _driver_cuda()
    import onnxruntime  # noqa: PLC0415 - it costs a quarter of a second

    built = str(onnxruntime.cuda_version or "")
    if not built:
        raise DeviceError(f"This ONNX Runtime is built without CUDA, so it cannot use the GPU. {_ADVICE}")
    # Within one major version older drivers do (CUDA Compatibility, "Minor Version Compatibility").
    if driver[0] < int(built.partition(".")[0]):
        raise DeviceError(
            f"The GPU's driver runs CUDA {driver[0]}.{driver[1]} at most and this image needs CUDA {built}. {_ADVICE}"
        )
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        onnxruntime.preload_dlls(msvc=False)
    if said.getvalue():
        raise DeviceError(f"CUDA's libraries cannot be loaded: {said.getvalue().strip()[:300]}. Build the image again.")


def _driver_cuda() -> tuple[int, int]:
    """Newest CUDA that the driver runs (CUDA Driver API, cuDriverGetVersion: 1000 times major + 10 times minor)."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError as error:
        raise DeviceError(
            f"This image runs on an NVIDIA GPU and there is no driver for one ({error}). {_ADVICE}"
        ) from None
    version, count = ctypes.c_int(), ctypes.c_int()
    code = driver.cuInit(0) or driver.cuDriverGetVersion(ctypes.byref(version))
    code = code or driver.cuDeviceGetCount(ctypes.byref(count))
    if code or not count.value:
        found = f"CUDA error {code}" if code else "no device"
        raise DeviceError(f"This image runs on an NVIDIA GPU and its driver finds none ({found}). {_ADVICE}")
    return version.value // 1000, version.value % 1000 // 10
