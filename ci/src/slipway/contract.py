"""The image, started as SageMaker starts it, and judged clause by clause before anything is published."""

import enum
import shlex

import dagger

from slipway.model import Model
from slipway.target import ARM64, Device, Target
from slipway.toolchain import debian

SERVE = "serve"
"""The word that SageMaker starts an image with."""

EMULATED = ("start", "invocation", "identity", "bad-input", "paths", "stop-idle", "wrong-word")
"""What an emulated processor is judged by: it is some twenty times slower, so that times and load mean nothing."""
_ROOT = "/image"
_QEMU = f"qemu-aarch64 -L {_ROOT} -E PYTHONPATH={_ROOT}/opt/slipway:{_ROOT}/opt/slipway/site-packages {_ROOT}/usr/bin/"


@dagger.enum_type
class Profile(enum.Enum):
    """Where the image will run."""

    ALL = "all"
    """Everywhere of the following."""
    SAGEMAKER = "sagemaker"
    """A real-time endpoint."""
    LAMBDA = "lambda"
    """The sandbox of AWS Lambda; the image has no handler for its runtime API."""
    KUBERNETES = "kubernetes"
    """A restricted pod with probes."""


async def judge(
    clauses: dagger.Directory, image: dagger.Container, made: Model, target: Target, profile: Profile | None
) -> dagger.Directory:
    """The verdicts as JSON and JUnit; a broken clause fails the step.

    The judge runs in the image's own file system, with the image's own Python: so it can send signals, break the
    model and see exit codes, and nothing is judged that is not in the image. An image for arm64 is run by
    qemu beside the judge, by the clauses of `EMULATED` alone. One for a GPU is told to fall back to the processor.

    Args:
        clauses: `infra/contract`.
        image: the image to judge.
        made: the model that is in it, for a picture to send.
        target: what it is built for.
        profile: every clause about running there, in a step with root capabilities, since it makes namespaces; None
            for those that an edit of the code is most likely to break.
    """
    command = shlex.join([*await image.entrypoint(), SERVE])
    here, root = image, ""
    which = ["--profile", profile.value] if profile else ["--quick"]
    if target.platform == ARM64:
        here, root, command = (
            debian("python3", "qemu-user").with_mounted_directory(_ROOT, image.rootfs()),
            _ROOT,
            _QEMU + command,
        )
        which, profile = [word for name in EMULATED for word in ("--clause", name)], None
    if target.device is not Device.CPU:
        here = here.with_env_variable("SLIPWAY_CPU_FALLBACK", "1")
    return (
        here.with_env_variable("PYTHONPATH", "${PYTHONPATH}:/contract", expand=True)
        .with_mounted_directory("/contract/infra/contract", clauses)
        .with_mounted_file("/in/sample.jpg", made.directory.file("sample.jpg"))
        .with_exec(
            ["python3", "-m", "infra.contract", "--command", command, "--model", f"{root}/opt/slipway/model", *which]
            + ["--sample", "/in/sample.jpg", "--junit", "/out/junit.xml", "--json", "/out/contract.json"],
            insecure_root_capabilities=profile is not None,
        )
        .directory("/out")
    )
