"""The model that goes into the image: trained here or given, exported to ONNX, and compared with ultralytics."""

from dataclasses import dataclass
from typing import Annotated

import dagger
from dagger import Doc, dag, field

from slipway.errors import InputRefused
from slipway.target import Precision
from slipway.toolchain import debian, python, requirements
from slipway.verbs import cached, getter, record

TORCH = ("libopenblas0-pthread", "python3-pip", "python3-torch", "python3-torchvision", "python3-venv")
"""PyPI's torch for Linux is 6 GB of CUDA; Debian's is built for the CPU. Without OpenBLAS it is twenty times slower."""

OFFLINE = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_CONFIG_DIR": "/tmp/ultralytics",  # noqa: S108
    "ORT_DISABLE_TELEMETRY": "1",
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
}

OUT = "/out"
DEMO_SIZE = ["--image-size", "320"]
"""Twice the side of the pictures that the demo model is trained on; given weights keep their own."""
_CONVERTED = ["--model", "/exported", "--out", OUT]
SERVED = ["model.onnx", "model.json"]

# An edit of the server must not train a model: every step is given just the modules that it imports.
VERBS = ["__init__.py", "model/__init__.py", "model/__main__.py", "model/errors.py"]
TRAINING = [*VERBS, *(f"model/{name}.py" for name in ("dataset", "framework", "shapes", "train"))]
EXPORT = [
    *VERBS,
    *(f"model/{name}.py" for name in ("description", "export", "framework", "graph", "shapes", "weights")),
]
COMPARISON = [
    "__init__.py",
    "model/*.py",
    "runtimes/*.py",
    "tasks/*.py",
    *(f"{name}.py" for name in ("color", "decode", "errors", "foreign", "header", "jpeg")),
    *(f"{name}.py" for name in ("modelfiles", "options", "pipeline", "preprocess", "resize")),
]


@dataclass(frozen=True)
class Code:
    """The parts of `inference/` that each step runs, as folders of their own: the engine caches by them."""

    training: dagger.Directory
    export: dagger.Directory
    comparison: dagger.Directory


@record
class Model:
    """A model directory: `model.onnx` and `model.json` for the image, the reports and a sample picture beside them."""

    directory: Annotated[dagger.Directory, Doc("All files of the model.")] = field()
    served: Annotated[dagger.Directory, Doc("The files that the image holds.")] = field()
    is_mock: Annotated[bool, Doc("Whether it only pretends.")] = field(default=False)

    @getter
    def onnx(self) -> dagger.File:
        """The raw YOLO head as ONNX, with a dynamic batch and no NMS inside."""
        return self.directory.file("model.onnx")

    @cached
    async def parity(self) -> dagger.File:
        """How far the served detections are from those of `ultralytics predict`, as JSON."""
        return await self._made("parity.json", "a mock is compared with nothing")

    @cached
    async def metrics(self) -> dagger.File:
        """Figures of the training, as JSON; there are none for given weights."""
        return await self._made("metrics.json", "given weights and mocks were not trained here")

    async def _made(self, name: str, why_not: str) -> dagger.File:
        if name not in await self.directory.entries():
            raise InputRefused(f"This model has no {name}: {why_not}.")
        return self.directory.file(name)

    @getter
    def sample(self) -> dagger.File:
        """A picture that the model was not trained on; every release is tried with it."""
        return self.directory.file("sample.jpg")


async def laboratory(locks: dagger.Directory) -> dagger.Container:
    """Torch from Debian; ultralytics and the rest from the lock file."""
    install = ["pip", "install", "-q", "--no-cache-dir", "--no-deps", "--require-hashes"]
    lab = (
        debian("ca-certificates", *TORCH)
        .with_env_variable("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
        .with_env_variable("PATH", "/opt/model/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .with_exec(["python3", "-m", "venv", "--system-site-packages", "/opt/model"])
        .with_directory("/locked", await requirements(locks, "model"))
        .with_exec([*install, "-r", "/locked/requirements.txt"])
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_workdir("/src")
    )
    for name, value in OFFLINE.items():
        lab = lab.with_env_variable(name, value)
    return lab


def step(lab: dagger.Container, code: dagger.Directory, *words: str) -> dagger.Directory:
    """What one verb of `python -m inference.model` writes."""
    return (
        lab.with_directory("/src/inference", code)
        .with_exec(["python3", "-m", "inference.model", *words])
        .directory(OUT)
    )


async def mock(locks: dagger.Directory, code: Code) -> Model:
    """A model that finds nothing real and says so in every answer; it needs no torch."""
    made = step(await python(locks, "inference"), code.comparison, "mock", "--out", OUT)
    return Model(directory=made, served=made.filter(include=SERVED), is_mock=True)


async def make(
    locks: dagger.Directory, code: Code, weights: dagger.File | None, precision: Precision = Precision.FP32
) -> Model:
    """Trains on generated shapes unless weights are given; exports; fails where our boxes and ultralytics' differ.

    The comparison with ultralytics is made with the network in its final precision: it shows what that costs.
    """
    lab = await laboratory(locks)
    made, size, given = dag.directory(), list[str](), weights is not None
    if weights is None:
        training = step(lab, code.training, "train", "--out", OUT)
        weights, size = training.file("best.pt"), DEMO_SIZE
        made = made.with_file("metrics.json", training.file("metrics.json"))
    # Under its own name, so that a sentence about it names the file that was given.
    path = f"/weights/{await weights.name() if given else 'best.pt'}"
    lab = lab.with_file(path, weights)
    exported = step(lab, code.export, "export", "--weights", path, "--out", OUT, *size)
    if precision is not Precision.FP32:
        exported = (
            lab.with_directory("/src/inference", code.comparison)
            .with_mounted_directory("/exported", exported)
            .with_exec(["python3", "-m", "inference.model.precision", "--precision", precision.value, *_CONVERTED])
            .directory(OUT)
        )
    lab = lab.with_directory(OUT, exported)
    compared = step(lab, code.comparison, "parity", "--weights", path, "--model", OUT)
    sampled = step(lab, code.comparison, "sample", "--weights", path, "--model", OUT)
    return Model(
        directory=made.with_directory(".", exported)
        .with_file("parity.json", compared.file("parity.json"))
        .with_directory(".", sampled.filter(include=["sample.*"])),
        served=exported.filter(include=SERVED),
    )
