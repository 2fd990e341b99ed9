"""The image, started as SageMaker starts it, and judged clause by clause before anything is published."""

import dagger

from slipway.model import Model

_COMMAND = "python3 -m inference serve"


def judge(clauses: dagger.Directory, image: dagger.Container, made: Model, *, full: bool) -> dagger.Directory:
    """The verdicts as JSON and JUnit; a broken clause fails the step.

    The judge runs in the image's own file system, with the image's own Python: so it can send signals, break the
    model and see exit codes, and nothing is judged that is not in the image.

    Args:
        clauses: `infra/contract`.
        image: the image to judge.
        made: the model that is in it, for a picture to send.
        full: every clause, half a minute; else those that an edit of the code is most likely to break.
    """
    return (
        image.with_env_variable("PYTHONPATH", "${PYTHONPATH}:/contract", expand=True)
        .with_mounted_directory("/contract/infra/contract", clauses)
        .with_mounted_file("/in/sample.jpg", made.directory.file("sample.jpg"))
        .with_exec(
            ["python3", "-m", "infra.contract", "--command", _COMMAND, "--model", "/opt/slipway/model"]
            + ([] if full else ["--quick"])
            + ["--sample", "/in/sample.jpg", "--junit", "/out/junit.xml", "--json", "/out/contract.json"],
        )
        .directory("/out")
    )
