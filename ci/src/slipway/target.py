"""What an image is built for, and what each of these needs: packages, variables, labels for preflight."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

import dagger

from slipway.errors import InputRefused

AMD64 = dagger.Platform("linux/amd64")
ARM64 = dagger.Platform("linux/arm64")


class Device(enum.Enum):
    """What a model runs on."""

    CPU = "cpu"
    """ONNX Runtime on the processor's cores."""
    CUDA = "cuda"
    """ONNX Runtime on an NVIDIA GPU, CUDA 13: driver 580 or newer, Turing to Blackwell."""
    CUDA12 = "cuda12"
    """ONNX Runtime on an NVIDIA GPU, CUDA 12: driver 525 or newer, Turing to Hopper."""


class Precision(enum.Enum):
    """Numbers that a network calculates with."""

    FP32 = "fp32"
    """As it was trained."""
    FP16 = "fp16"
    """Half the bits, for GPUs; processors only convert to and fro."""
    INT8 = "int8"
    """8-bit convolutions, for processors that have instructions for them."""


@dataclass(frozen=True)
class Line:
    """What distinguishes the image of one device."""

    group: str
    """Dependency group of pyproject.toml."""
    unused: tuple[str, ...] = ()
    """Files of its packages that serving never loads, as shell patterns below site-packages."""
    variables: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


NVIDIA = {
    "SLIPWAY_DEVICE": "cuda",
    # What makes the NVIDIA Container Toolkit bring the driver (its documentation, "Environment variables"). There is no
    # NVIDIA_REQUIRE_CUDA: with it the container would not start, and nobody would read why.
    "NVIDIA_VISIBLE_DEVICES": "all",
    "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
}
# cuDNN's shim loads its parts when they are first called; `adv` has recurrent networks and attention, which is not
# what a YOLO makes of its own (cuDNN developer guide, "API overview"). nvblas and cufftw stand in for other libraries.
CUDA_UNUSED = (
    "nvidia/*/lib/libcudnn_adv.so*",
    "nvidia/*/lib/libnvblas.so*",
    "nvidia/*/lib/libcufftw.so*",
    "onnxruntime/capi/libonnxruntime_providers_tensorrt.so",
)

LINES = {
    Device.CPU: Line(group="inference"),
    Device.CUDA: Line(
        group="cuda",
        # From 1.31 on, ONNX Runtime loads cuFFT when a model has a Fourier transform.
        unused=(*CUDA_UNUSED, "nvidia/cu13/lib/libcufft.so*"),
        variables=NVIDIA,
        labels={"slipway.cuda": "13.0", "slipway.driver": "580", "slipway.compute": "7.5 8.0 8.6 8.9 9.0 12.0"},
    ),
    Device.CUDA12: Line(
        group="cuda12",
        # cuFFT's alone, for callbacks that are compiled when they are called.
        unused=(*CUDA_UNUSED, "nvidia/nvjitlink"),
        variables=NVIDIA,
        labels={"slipway.cuda": "12.6", "slipway.driver": "525", "slipway.compute": "7.5 8.0 8.6 9.0"},
    ),
}
"""Drivers: CUDA Compatibility, "Minor Version Compatibility". Compute: the code in ONNX Runtime and cuDNN themselves.
"""


Word = TypeVar("Word", bound=enum.Enum)


def _known(words: type[Word], given: str, what: str) -> Word:
    try:
        return words(given.lower())
    except ValueError:
        known = ", ".join(word.value for word in words)
        raise InputRefused(f"There is no {what} {given}: give one of {known}.") from None


@dataclass(frozen=True)
class Target:
    """A platform, a device and a precision for which an image is made; InputRefused for any other."""

    platform: dagger.Platform = AMD64
    device: Device = Device.CPU
    precision: Precision = Precision.FP32

    def __post_init__(self) -> None:
        """Refuses what no image is made for."""
        if self.platform not in (AMD64, ARM64):
            raise InputRefused(f"No image is made for the platform {self.platform}: give {AMD64} or {ARM64}.")
        if self.platform == ARM64 and self.device is not Device.CPU:
            raise InputRefused(
                f"No image for {self.platform} is made for the device {self.device.value}: leave out one of the two."
            )

    @classmethod
    def named(cls, platform: str, device: str, precision: str = Precision.FP32.value) -> Self:
        """What is built for words that a person wrote."""
        return cls(
            dagger.Platform(platform), _known(Device, device, "device"), _known(Precision, precision, "precision")
        )

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> Self:
        """What an environment's image is built for; its instance type decides on the platform."""
        return cls.named(settings["platform"], settings["device"], settings["precision"])

    @property
    def line(self) -> Line:
        """What its device needs."""
        return LINES[self.device]

    @property
    def suffix(self) -> str:
        """Of the tag under which it is published: each target has a reference of its own."""
        parts = ["arm64"] if self.platform == ARM64 else []
        parts += [] if self.device is Device.CPU else [self.device.value]
        parts += [] if self.precision is Precision.FP32 else [self.precision.value]
        return "".join(f"-{part}" for part in parts)
