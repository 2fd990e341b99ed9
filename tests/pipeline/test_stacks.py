"""The stacks as a person deploys them: the real CDK, its command, and the local cloud in the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project.make(tmp_path_factory.mktemp("project"))


def test_stacks_are_deployed_to_an_empty_cloud_and_a_release_uses_what_they_made(project: Project) -> None:
    told = project.call("stacks", "deploy")
    assert "-registry" in told
    assert "| created | 8" in told
    assert "**Not created** (the local cloud has no such type):" in told
    report = project.deploy("--mock")
    assert report["outcome"] == "done"
    assert "nothing of dev was changed past its stacks" in project.call("stacks", "drift")
    assert "Number of stacks with differences: 0" in project.call("stacks", "diff")


def test_the_assembly_that_is_deployed_is_the_one_that_is_given_out(project: Project) -> None:
    folder = project.path / "assembly"
    project.call("stacks", "synth", "export", "--path", str(folder))
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    name = (project.path / "slipway.toml").read_text().split('project = "', 1)[1].split('"')[0]
    assert f"{name}-registry" in manifest["artifacts"]


def test_a_preview_has_no_stacks(project: Project) -> None:
    assert "preview is a preview, and previews have no stacks" in project.refused("stacks", "diff", "--env", "preview")
