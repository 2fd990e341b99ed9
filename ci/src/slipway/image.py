"""The inference image: Debian's Python, locked packages, the model and the code, in layers by rate of change."""

import hashlib
import json

import dagger
from dagger import dag

from slipway.foreign import foreign
from slipway.model import Model
from slipway.packages import packages
from slipway.target import ARM64, Target
from slipway.toolchain import DEBIAN, debian, requirements

PARTS = ["*.py", "bodies/*.py", "frames/*.py", "page/*", "remote/*.py", "runtimes/*.py", "tasks/*.py"]
"""Of inference/ and of its tests, what concerns the image: all but what trains and exports."""
LIBRARIES = ("ca-certificates", "libstdc++6", "python3")
HOME = "/opt/slipway"
PORT = 8080
"""SageMaker sends /ping and /invocations here (AWS: "Use your own inference code with hosting services")."""


def base(platform: dagger.Platform) -> dagger.Container:
    """Debian with Python, for the platform of the image."""
    return foreign(*LIBRARIES) if platform == ARM64 else debian(*LIBRARIES, platform=platform)


def _layer(folder: str, content: dagger.Directory) -> dagger.Directory:
    """A tree from /opt down without a time in it: equal content is an equal layer, whenever it is made."""
    return dag.directory().with_directory(f"slipway/{folder}", content).with_timestamps(0)


async def build(
    locks: dagger.Directory,
    code: dagger.Directory,
    model: Model,
    target: Target,
) -> dagger.Container:
    """The image, ready to publish.

    Its build identity is the SHA-256 of what went in: Debian's packages by version, ours, the model and the code. It
    is a label and a file, and the server gives it in every answer, so that a release can ask the running container
    which build it is.
    """
    line, platform = target.line, target.platform
    locked = await requirements(locks, line.group)
    inputs = {
        "base": DEBIAN,
        "platform": str(platform),
        "device": target.device.value,
        "libraries": await base(platform).file("/var/lib/dpkg/status").digest(),
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
    image = (
        base(platform)
        .with_directory("/opt", _layer("site-packages", packages(locked, platform, line.unused)))
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
    for name, value in line.variables.items():
        image = image.with_env_variable(name, value)
    for name, value in line.labels.items():
        image = image.with_label(name, value)
    return image


def layout(image: dagger.Container, code: dagger.Directory) -> dagger.Directory:
    """The image as an OCI layout with Docker media types and without times: SageMaker and Lambda refuse OCI manifests.

    Args:
        image: what `build` gives.
        code: `infra/supply` and what it imports; this verb of it needs no packages.
    """
    tarball = image.as_tarball(
        media_types=dagger.ImageMediaTypes.DockerMediaTypes, forced_compression=dagger.ImageLayerCompression.Gzip
    )
    unpack = "mkdir /layout && tar -xf /image.tar -C /layout && exec python3 -m infra.supply timeless --layout /layout"
    return (
        debian("ca-certificates", "python3")
        .with_mounted_file("/image.tar", tarball)
        .with_mounted_directory("/src/infra", code)
        .with_workdir("/src")
        .with_exec(["sh", "-ec", unpack])
        .directory("/layout")
    )


def imported(tarball: dagger.File) -> dagger.Container:
    """A published image, brought back from its registry."""
    return dag.container().import_(tarball)
