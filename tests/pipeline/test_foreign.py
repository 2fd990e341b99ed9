"""An image for another processor: built without running any of it, and serving under qemu."""

import json
from pathlib import Path

import pytest

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(600)


def test_an_arm64_image_is_built_here_and_serves(tmp_path: Path) -> None:
    project = Project.make(tmp_path / "project")
    words = ["contract", "--platform", "linux/arm64", "--mock", "file", "--path", "contract.json", "contents"]
    judged = json.loads(project.call(*words))
    assert judged["holds"] is True
    assert {"start", "invocation", "stop-idle"} <= {clause["name"] for clause in judged["clauses"]}
    image = ["image", "--platform", "linux/arm64", "--mock"]
    assert project.call(*image, "platform").strip() == "linux/arm64"
    status = project.call(*image, "file", "--path", "/var/lib/dpkg/status", "contents")
    assert {line for line in status.splitlines() if line.startswith("Architecture: ")} == {
        "Architecture: all",
        "Architecture: arm64",
    }
