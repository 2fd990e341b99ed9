"""Which images run on which instances: processors, GPUs and the drivers that SageMaker gives them.

A pair that does not fit hangs in Creating without a line in the log, so it is found before anything is built or made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Ami = Literal[
    "al2-ami-sagemaker-inference-gpu-2",
    "al2-ami-sagemaker-inference-gpu-2-1",
    "al2-ami-sagemaker-inference-gpu-3-1",
    "al2023-ami-sagemaker-inference-gpu-4-1",
]
Device = Literal["cpu", "cuda", "cuda12"]

# NVIDIA driver of each InferenceAmiVersion (SageMaker API reference, ProductionVariant).
DRIVERS: dict[Ami, int] = {
    "al2-ami-sagemaker-inference-gpu-2": 535,
    "al2-ami-sagemaker-inference-gpu-2-1": 535,
    "al2-ami-sagemaker-inference-gpu-3-1": 550,
    "al2023-ami-sagemaker-inference-gpu-4-1": 580,
}
_GRAVITON = re.compile(r"ml\.([a-z]+[0-9]g[a-z]*|p6e-gb200)\.")


@dataclass(frozen=True)
class Gpu:
    """The GPU of an instance family: its name, compute capability, and the driver without an InferenceAmiVersion.

    Drivers: 470 where AWS says so; on newer chips the oldest that knows the chip, since AWS says nothing.
    """

    name: str
    compute: tuple[int, int]
    driver: int


# https://aws.amazon.com/ec2/instance-types/ (accelerated computing); https://developer.nvidia.com/cuda-gpus.
GPUS = {
    "p2": Gpu("K80", (3, 7), 470),
    "p3": Gpu("V100", (7, 0), 470),
    "g4dn": Gpu("T4", (7, 5), 470),
    "p4d": Gpu("A100", (8, 0), 470),
    "p4de": Gpu("A100", (8, 0), 470),
    "g5": Gpu("A10G", (8, 6), 470),
    "g6": Gpu("L4", (8, 9), 525),
    "g6e": Gpu("L40S", (8, 9), 525),
    "p5": Gpu("H100", (9, 0), 525),
    "p5e": Gpu("H200", (9, 0), 525),
    "p5en": Gpu("H200", (9, 0), 525),
    "p6-b200": Gpu("B200", (10, 0), 570),
    "p6-b300": Gpu("B300", (10, 3), 570),
    "p6e-gb200": Gpu("GB200", (10, 0), 570),
    "g7": Gpu("RTX PRO 4500", (12, 0), 570),
    "g7e": Gpu("RTX PRO 6000", (12, 0), 570),
}


@dataclass(frozen=True)
class Needs:
    """What an image for CUDA needs: its CUDA, the oldest driver, and the compute capabilities that it has code for."""

    cuda: str
    driver: int
    compute: tuple[tuple[int, int], ...]

    @classmethod
    def of_labels(cls, labels: Mapping[str, str]) -> Needs | None:
        """As the image's labels say it; None for an image without CUDA. ValueError where they cannot be read."""
        if not (cuda := labels.get("slipway.cuda")):
            return None
        listed = (one.partition(".") for one in labels.get("slipway.compute", "").split())
        compute = tuple((int(major), int(minor)) for major, _, minor in listed)
        return cls(cuda, int(labels.get("slipway.driver", "")), compute)

    def runs_on(self, gpu: Gpu) -> bool:
        """Whether there is code for the chip: machine code runs on later minor versions of one major (CUDA, cubin)."""
        return any(major == gpu.compute[0] and minor <= gpu.compute[1] for major, minor in self.compute)


# As the module labels its images: known before one is built (tests hold the two together).
LINES: dict[Device, Needs] = {
    "cuda": Needs("13.0", 580, ((7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (12, 0))),
    "cuda12": Needs("12.6", 525, ((7, 5), (8, 0), (8, 6), (9, 0))),
}


def platform(instance_type: str) -> str:
    """The platform of an instance type: AWS's own processors are arm64, all others amd64."""
    return "linux/arm64" if _GRAVITON.match(instance_type) else "linux/amd64"


def gpu(instance_type: str) -> Gpu | None:
    """The NVIDIA GPU of an instance type, if it has one."""
    return GPUS.get(instance_type.removeprefix("ml.").partition(".")[0])


def misfit(needs: Needs, instance_type: str, ami: Ami | None) -> str | None:
    """Why an image for CUDA would hang on an instance, and what to write instead; None where it runs."""
    chip = gpu(instance_type)
    if chip is None:
        return f"the image needs CUDA {needs.cuda} and {instance_type} has no NVIDIA GPU; write ml.g6.xlarge, say"
    if not needs.runs_on(chip):
        has = ", ".join(f"{major}.{minor}" for major, minor in needs.compute)
        fits = " or ".join(f"ml.{family}" for family, one in GPUS.items() if needs.runs_on(one))
        return (
            f"the image has code for compute capability {has}, and the {chip.name} of {instance_type} has "
            f"{chip.compute[0]}.{chip.compute[1]}; choose a type of {fits}"
        )
    driver = DRIVERS[ami] if ami else chip.driver
    if driver >= needs.driver:
        return None
    fitting = next((name for name, one in DRIVERS.items() if one >= needs.driver), None)
    advice = f'write inference_ami_version = "{fitting}"' if fitting else "build the image for an older CUDA"
    with_what = ami or f"{instance_type} without inference_ami_version"
    return (
        f"the image needs CUDA {needs.cuda} and with it driver {needs.driver}, and {with_what} has driver {driver}, "
        f"on which the endpoint would hang in Creating; {advice}"
    )
