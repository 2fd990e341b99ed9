"""The model that goes into the image: trained here or given, exported to ONNX, and compared with ultralytics."""

from typing import Annotated

import dagger
from dagger import Doc, field

from slipway.toolchain import debian, requirements
from slipway.verbs import getter, record

TORCH = ("libopenblas0-pthread", "python3-pip", "python3-torch", "python3-torchvision", "python3-venv")
"""PyPI's torch for Linux is 6 GB of CUDA; Debian's is built for the CPU. Without OpenBLAS it is twenty times slower."""

OFFLINE = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_CONFIG_DIR": "/tmp/ultralytics",  # noqa: S108
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
}


@record
class Model:
    """A model directory: `model.onnx` and `model.json` for the image, the reports and a sample picture beside them."""

    directory: Annotated[dagger.Directory, Doc("All files of the model.")] = field()

    @getter
    def onnx(self) -> dagger.File:
        """The raw YOLO head as ONNX, with a dynamic batch and no NMS inside."""
        return self.directory.file("model.onnx")

    @getter
    def parity(self) -> dagger.File:
        """How far the served detections are from those of `ultralytics predict`, as JSON."""
        return self.directory.file("parity.json")

    @getter
    def metrics(self) -> dagger.File:
        """Figures of the training, as JSON; there are none for given weights."""
        return self.directory.file("metrics.json")

    @getter
    def sample(self) -> dagger.File:
        """A picture that the model was not trained on; every release is tried with it."""
        return self.directory.file("sample.jpg")

    @getter
    def served(self) -> dagger.Directory:
        """The files that the image holds."""
        return self.directory.filter(include=["model.onnx", "model.json"])


def _laboratory(locks: dagger.Directory) -> dagger.Container:
    """Torch from Debian; ultralytics and the rest from the lock file."""
    lab = (
        debian("ca-certificates", *TORCH)
        .with_file("/requirements.txt", requirements(locks, "model"))
        .with_env_variable("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
        .with_exec(["python3", "-m", "venv", "--system-site-packages", "/opt/model"])
        .with_exec(
            ["/opt/model/bin/pip", "install", "-q", "--no-cache-dir", "--no-deps", "--require-hashes"]
            + ["-r", "/requirements.txt"]
        )
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_workdir("/src")
    )
    for name, value in OFFLINE.items():
        lab = lab.with_env_variable(name, value)
    return lab


def _run(step: dagger.Container, verb: str, *args: str) -> dagger.Directory:
    return step.with_exec(["/opt/model/bin/python", "-m", "inference.model", verb, *args, "--out", "/out"]).directory(
        "/out"
    )


def mock(locks: dagger.Directory, inference: dagger.Directory) -> Model:
    """A model that finds nothing real and says so in every answer."""
    return Model(directory=_run(_laboratory(locks).with_directory("/src/inference", inference), "mock"))


def make(locks: dagger.Directory, inference: dagger.Directory, weights: dagger.File | None) -> Model:
    """Trains on generated shapes unless weights are given; exports; compares."""
    raise NotImplementedError
