"""The inference image: Debian's Python, locked packages, the model and the code, in layers by rate of change."""

import enum
import hashlib
import json

import dagger
from dagger import dag

from slipway.model import Model
from slipway.toolchain import DEBIAN, PYTHON, debian, requirements, uv

PARTS = ["*.py", "bodies/*.py", "remote/*.py", "runtimes/*.py", "tasks/*.py"]
"""Of inference/ and of its tests, what concerns the image: all but what trains and exports."""
LIBRARIES = ("ca-certificates", "libstdc++6", "python3")
HOME = "/opt/slipway"
PORT = 8080
"""SageMaker sends /ping and /invocations here (AWS: "Use your own inference code with hosting services")."""

AMD64 = dagger.Platform("linux/amd64")


@dagger.enum_type
class Device(enum.Enum):
    """What a model runs on."""

    CPU = "cpu"
    """ONNX Runtime on the processor's cores."""


UNUSED = [
    "bin",
    "flatbuffers google sympy mpmath",
    "onnxruntime/transformers onnxruntime/quantization onnxruntime/tools onnxruntime/datasets onnxruntime/backend",
    "onnxruntime/capi/libonnxruntime.so.*",
    "numpy/random numpy/fft numpy/f2py numpy/polynomial numpy/testing numpy/typing",
    "numpy/_core/_simd*.so numpy/_core/_*_tests*.so",
    "PIL/_avif* pillow.libs/libavif*",
]
"""Half of what the packages bring: what only training, tests, C++ programs or the AVIF format load."""


def packages(locked: dagger.Directory) -> dagger.Directory:
    """The runtime's packages without what serving never touches: tests, headers, training tools."""
    install = ["uv", "pip", "install", "-q", "--require-hashes", "--no-deps", "--target", "/site"]
    prune = (
        "cd /site && rm -rf $1"
        " && find . -type d \\( -name tests -o -name test -o -name include \\) -prune -exec rm -rf {} +"
        " && find . \\( -name '*.pyi' -o -name '*.h' -o -name '*.a' -o -name '*.pxd' \\) -delete"
        " && python3 -m compileall -q --invalidation-mode unchecked-hash ."
    )
    return (
        uv()
        .with_directory("/locked", locked)
        .with_exec([*install, "--python-version", PYTHON, "-r", "/locked/requirements.txt"])
        .with_exec(["sh", "-ec", prune, "prune", " ".join(UNUSED)])
        .directory("/site")
    )


def _layer(folder: str, content: dagger.Directory) -> dagger.Directory:
    """A tree from /opt down without a time in it: equal content is an equal layer, whenever it is made."""
    return dag.directory().with_directory(f"slipway/{folder}", content).with_timestamps(0)


async def build(
    locks: dagger.Directory,
    code: dagger.Directory,
    model: Model,
    platform: dagger.Platform = AMD64,
    device: Device = Device.CPU,
) -> dagger.Container:
    """The image, ready to publish.

    Its build identity is the SHA-256 of what went in: Debian's packages by version, ours, the model and the code. It
    is a label and a file, and the server gives it in every answer, so that a release can ask the running container
    which build it is.
    """
    locked = await requirements(locks, "inference")
    inputs = {
        "base": DEBIAN,
        "platform": str(platform),
        "device": device.value,
        "libraries": await debian(*LIBRARIES, platform=platform).file("/var/lib/dpkg/status").digest(),
        "packages": await locked.digest(),
        "model": await model.served.digest(),
        "code": await code.digest(),
    }
    identity = hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()
    baked = (
        dag.directory()
        .with_new_file("build.json", json.dumps({"build": identity, "inputs": inputs}, indent=1))
        .with_directory("inference", code)
    )
    return (
        debian(*LIBRARIES, platform=platform)
        .with_directory("/opt", _layer("site-packages", packages(locked)))
        .with_env_variable("PYTHONPATH", f"{HOME}:{HOME}/site-packages")
        .with_env_variable("PYTHONUNBUFFERED", "1")
        .with_env_variable("ORT_DISABLE_TELEMETRY", "1")
        .with_env_variable("PYTHONDONTWRITEBYTECODE", "1")
        .with_directory("/opt", _layer("model", model.served))
        .with_workdir(HOME)
        .with_exposed_port(PORT)
        .with_entrypoint(["python3", "-m", "inference"])
        .with_default_args(["serve"])
        .with_label("org.opencontainers.image.title", "slipway inference")
        .with_label("slipway.build", identity)
        .with_label("slipway.mock", str(model.is_mock).lower())
        .with_directory("/opt", _layer(".", baked))
    )


def layout(image: dagger.Container) -> dagger.Directory:
    """The image as an OCI layout with Docker media types: SageMaker and Lambda refuse OCI manifests."""
    tarball = image.as_tarball(
        media_types=dagger.ImageMediaTypes.DockerMediaTypes, forced_compression=dagger.ImageLayerCompression.Gzip
    )
    return (
        dag.container()
        .from_(DEBIAN)
        .with_mounted_file("/image.tar", tarball)
        .with_exec(["sh", "-c", "mkdir /layout && tar -xf /image.tar -C /layout"])
        .directory("/layout")
    )


def imported(tarball: dagger.File) -> dagger.Container:
    """A published image, brought back from its registry."""
    return dag.container().import_(tarball)
