"""The image, started as SageMaker starts it, and judged clause by clause before anything is published."""

import enum
import shlex

import dagger

from slipway.model import Model

SERVE = "serve"
"""The word that SageMaker starts an image with."""


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
    clauses: dagger.Directory, image: dagger.Container, made: Model, profile: Profile | None
) -> dagger.Directory:
    """The verdicts as JSON and JUnit; a broken clause fails the step.

    The judge runs in the image's own file system, with the image's own Python: so it can send signals, break the
    model and see exit codes, and nothing is judged that is not in the image.

    Args:
        clauses: `infra/contract`.
        image: the image to judge.
        made: the model that is in it, for a picture to send.
        profile: every clause about running there, in a step with root capabilities, since it makes namespaces; None
            for those that an edit of the code is most likely to break.
    """
    command = shlex.join([*await image.entrypoint(), SERVE])
    return (
        image.with_env_variable("PYTHONPATH", "${PYTHONPATH}:/contract", expand=True)
        .with_mounted_directory("/contract/infra/contract", clauses)
        .with_mounted_file("/in/sample.jpg", made.directory.file("sample.jpg"))
        .with_exec(
            ["python3", "-m", "infra.contract", "--command", command, "--model", "/opt/slipway/model"]
            + (["--profile", profile.value] if profile else ["--quick"])
            + ["--sample", "/in/sample.jpg", "--junit", "/out/junit.xml", "--json", "/out/contract.json"],
            insecure_root_capabilities=profile is not None,
        )
        .directory("/out")
    )
