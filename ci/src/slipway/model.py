"""The model that goes into the image: trained here or given, exported to ONNX, and compared with ultralytics."""

from collections.abc import Sequence
from typing import Annotated

import dagger
from dagger import Doc, dag, field

from slipway.toolchain import debian, python, requirements
from slipway.verbs import getter, record

TORCH = ("libopenblas0-pthread", "python3-pip", "python3-torch", "python3-torchvision", "python3-venv")
"""PyPI's torch for Linux is 6 GB of CUDA; Debian's is built for the CPU. Without OpenBLAS it is twenty times slower."""

OFFLINE = {
    "YOLO_OFFLINE": "1",
    "YOLO_AUTOINSTALL": "0",
    "YOLO_CONFIG_DIR": "/tmp/ultralytics",  # noqa: S108
    "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108
}

OUT = "/out"
WEIGHTS = "/weights.pt"

# An edit of the server must not train a model: every step is given just the modules that it imports.
VERBS = ["__init__.py", "model/__init__.py", "model/__main__.py", "model/errors.py"]
TRAIN = [f"model/{name}.py" for name in ("dataset", "framework", "shapes", "train")]
EXPORT = [f"model/{name}.py" for name in ("description", "export", "framework", "graph", "shapes", "weights")]
SERVED = [
    "model/*.py",
    *(f"{name}.py" for name in ("decode", "detector", "errors", "header", "modelfiles")),
    *(f"{name}.py" for name in ("options", "pipeline", "postprocess", "preprocess")),
]


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
    install = ["pip", "install", "-q", "--no-cache-dir", "--no-deps", "--require-hashes", "-r", "/requirements.txt"]
    lab = (
        debian("ca-certificates", *TORCH)
        .with_env_variable("PIP_CERT", "/etc/ssl/certs/ca-certificates.crt")
        .with_env_variable("PATH", "/opt/model/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .with_exec(["python3", "-m", "venv", "--system-site-packages", "/opt/model"])
        .with_file("/requirements.txt", requirements(locks, "model"))
        .with_exec(install)
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_workdir("/src")
    )
    for name, value in OFFLINE.items():
        lab = lab.with_env_variable(name, value)
    return lab


def _step(lab: dagger.Container, inference: dagger.Directory, files: Sequence[str], *words: str) -> dagger.Directory:
    """What one verb of `python -m inference.model` writes; the step sees only the files that it runs."""
    return (
        lab.with_directory("/src/inference", inference.filter(include=[*VERBS, *files]))
        .with_exec(["python3", "-m", "inference.model", *words])
        .directory(OUT)
    )


def mock(locks: dagger.Directory, inference: dagger.Directory) -> Model:
    """A model that finds nothing real and says so in every answer; it needs no torch."""
    return Model(directory=_step(python(locks, "inference"), inference, ["**"], "mock", "--out", OUT))


def make(locks: dagger.Directory, inference: dagger.Directory, weights: dagger.File | None) -> Model:
    """Trains on generated shapes unless weights are given; exports; fails where our boxes and ultralytics' differ."""
    lab = _laboratory(locks)
    made = dag.directory()
    if weights is None:
        training = _step(lab, inference, TRAIN, "train", "--out", OUT)
        weights = training.file("best.pt")
        made = made.with_file("metrics.json", training.file("metrics.json"))
    lab = lab.with_file(WEIGHTS, weights)
    exported = _step(lab, inference, EXPORT, "export", "--weights", WEIGHTS, "--out", OUT)
    lab = lab.with_directory(OUT, exported)
    compared = _step(lab, inference, SERVED, "parity", "--weights", WEIGHTS, "--model", OUT)
    sampled = _step(lab, inference, SERVED, "sample", "--weights", WEIGHTS, "--model", OUT)
    return Model(
        directory=made.with_directory(".", exported)
        .with_file("parity.json", compared.file("parity.json"))
        .with_directory(".", sampled.filter(include=["sample.*"]))
    )
