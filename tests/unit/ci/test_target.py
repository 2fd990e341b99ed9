"""What an image is made for, and the locked packages that each device gets."""

import dagger
import pytest
from slipway.errors import InputRefused
from slipway.packages import TARGETS
from slipway.target import AMD64, ARM64, LINES, Device, Precision, Target

from tests.unit.lockfile import locked


@pytest.mark.parametrize(
    ("platform", "device", "says"),
    [
        ("plan9/mips", Device.CPU, "plan9/mips: give linux/amd64 or linux/arm64"),
        (ARM64, Device.CUDA, "linux/arm64 is made for the device cuda"),
    ],
)
def test_what_no_image_is_made_for(platform: str, device: Device, says: str) -> None:
    with pytest.raises(InputRefused, match=says):
        Target(dagger.Platform(platform), device)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("linux/amd64", "tpu"), "no device tpu: give one of cpu, cuda, cuda12"),
        (("linux/amd64", "CPU", "int4"), "no precision int4: give one of fp32, fp16, int8"),
    ],
)
def test_words_that_name_nothing(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(InputRefused, match=says):
        Target.named(*words)


def test_each_target_has_a_reference_of_its_own() -> None:
    targets = [Target(ARM64), *(Target(AMD64, device, one) for device in Device for one in Precision)]
    assert len({target.suffix for target in targets}) == len(targets)
    assert Target.of({"platform": "linux/amd64", "device": "cpu", "precision": "fp32"}).suffix == ""


def test_every_target_s_packages_are_wheels() -> None:
    assert {AMD64, ARM64} == TARGETS.keys()


@pytest.mark.parametrize(
    ("device", "runtime", "suffix"),
    [
        (Device.CPU, "onnxruntime", None),
        (Device.CUDA, "onnxruntime-gpu", ""),
        (Device.CUDA12, "onnxruntime-gpu", "-cu12"),
    ],
)
def test_the_lock_gives_a_device_one_onnx_runtime_and_cuda_of_its_line(
    device: Device, runtime: str, suffix: str | None
) -> None:
    names = locked(LINES[device].group)
    assert {name for name in names if name.startswith("onnxruntime")} == {runtime}
    assert locked("server") <= names
    assert ("nvidia-cudnn-cu12" in names) == (suffix == "-cu12")
    runtimes = {name for name in names if name.startswith("nvidia-cuda-runtime")}
    assert runtimes == (set() if suffix is None else {f"nvidia-cuda-runtime{suffix}"})
