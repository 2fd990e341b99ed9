"""The image, started as SageMaker starts it, and judged clause by clause before anything is published."""

import dagger

from slipway.image import PORT
from slipway.model import Model


def judge(infra: dagger.Container, built: dagger.Container, made: Model) -> dagger.Directory:
    """The verdicts of `infra.contract`, as JSON, JUnit and a table; a broken clause fails the step."""
    running = built.as_service(args=["serve"], use_entrypoint=True)
    return (
        infra.with_service_binding("image", running)
        .with_mounted_file("/in/sample.jpg", made.directory.file("sample.jpg"))
        .with_exec(
            ["python3", "-m", "infra.contract", "--url", f"http://image:{PORT}", "--sample", "/in/sample.jpg"]
            + ["--junit", "/out/junit.xml", "--json", "/out/contract.json"],
            redirect_stdout="/out/table.txt",
        )
        .directory("/out")
    )
