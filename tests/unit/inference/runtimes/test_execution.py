"""A GPU's image on machines without one, with an old driver, with broken libraries.

No GPU is here: driver and CUDA build are stood in for. What really happens without a driver is tried by the first test.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

from inference.errors import DeviceError
from inference.pipeline import Pipeline
from inference.runtimes import cuda
from inference.runtimes.execution import Execution, execution
from inference.runtimes.onnx import OnnxNetwork
from tests.contract.tiny_model import tiny_onnx, write_tiny_model


class FakeDriver:
    """NVIDIA's driver, as far as `cuda.load` asks it."""

    def __init__(self, version: int, devices: int = 1, code: int = 0) -> None:
        self._version, self._devices, self._code = version, devices, code

    def cuInit(self, _flags: int) -> int:
        return self._code

    def cuDriverGetVersion(self, target: Any) -> int:
        target._obj.value = self._version
        return 0

    def cuDeviceGetCount(self, target: Any) -> int:
        target._obj.value = self._devices
        return 0


def drive(monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, built: str = "13.0", said: str = "") -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: driver)
    monkeypatch.setattr(onnxruntime, "cuda_version", built, raising=False)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda **_: print(said, end=""), raising=False)


def test_without_a_driver_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"there is no driver for one \(libcuda.so.1.*SLIPWAY_CPU_FALLBACK=1"):
        Pipeline.load(write_tiny_model(tmp_path), 1, 1, 1_000_000, device="cuda")


def test_the_processor_stands_in_where_that_is_asked_for_and_says_so(tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path)
    runtime = Pipeline.load(model, 1, 1, 1_000_000, device="cuda", cpu_fallback=True).runtime
    assert runtime["provider"] == "CPUExecutionProvider"
    assert "there is no driver" in runtime["fallback"]
    assert "fallback" not in Pipeline.load(model, 1, 1, 1_000_000).runtime


@pytest.mark.parametrize(
    ("driver", "built", "said", "sentence"),
    [
        (FakeDriver(12020), "13.0", "", "runs CUDA 12.2 at most and this image needs CUDA 13.0"),
        (FakeDriver(13000, devices=0), "13.0", "", "finds none (no device)"),
        (FakeDriver(13000, code=100), "13.0", "", "finds none (CUDA error 100)"),
        (FakeDriver(13000), "", "", "built without CUDA"),
        (FakeDriver(13000), "13.0", "Failed to load libcublas.so.13", "cannot be loaded: Failed to load libcublas"),
    ],
)
def test_a_gpu_that_cannot_be_used(
    monkeypatch: pytest.MonkeyPatch, driver: FakeDriver, built: str, said: str, sentence: str
) -> None:
    drive(monkeypatch, driver, built, said)
    with pytest.raises(DeviceError) as refused:
        cuda.load()
    assert sentence in str(refused.value)


def test_a_driver_is_asked_for_the_major_version_only(monkeypatch: pytest.MonkeyPatch) -> None:
    drive(monkeypatch, FakeDriver(12020), "12.8")
    assert execution("cuda", cpu_fallback=False).wanted == "CUDAExecutionProvider"


def test_a_provider_that_onnx_runtime_left_out_is_not_gone_without(tmp_path: Path) -> None:
    weights = tmp_path / "model.onnx"
    weights.write_bytes(tiny_onnx())
    wanted = Execution((("CUDAExecutionProvider", cuda.OPTIONS), ("CPUExecutionProvider", {})))
    with pytest.raises(DeviceError, match="by CPUExecutionProvider and not by CUDAExecutionProvider"):
        OnnxNetwork(weights, 64, 1, wanted, spinning=False)
