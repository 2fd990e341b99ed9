"""Promotion: production gets the very image that has proven itself in staging, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.aws.release.conftest import FOUND

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project


@pytest.fixture
def staged(project: Project) -> Project:
    text = project.toml.read_text().replace("production = true", 'production = true\npromoted_from = "staging"')
    project.toml.write_text(f"{text}\n[environments.staging]\n")
    return project


def promote(project: Project, env: str = "prod") -> tuple[int, str]:
    told = project.call("promote", "--sample", str(project.folder / "sample.jpg"), env=env)
    return told.code, told.error if told.code else told.report["digest"]


def test_what_is_live_in_staging_becomes_the_release(staged: Project) -> None:
    digest = staged.publish("one")
    assert staged.deploy(digest, env="staging", git_sha="abc1234").code == 0
    assert promote(staged) == (0, digest)
    assert staged.live("prod") == "one"
    assert staged.call("status", env="prod").report["git_sha"] == "abc1234"


def test_an_image_that_has_not_been_there_is_refused(staged: Project) -> None:
    passed, other = staged.publish("one"), staged.publish("two")
    assert staged.deploy(passed, env="staging").code == 0
    refused = staged.deploy(other, env="prod")
    assert (refused.code, "has not passed staging" in refused.error) == (3, True)
    assert staged.deploy(passed, env="prod").code == 0


def test_an_image_that_was_taken_back_there_is_refused(staged: Project) -> None:
    good, bad = staged.publish("one"), staged.publish("two")
    assert staged.deploy(good, env="staging").code == 0
    assert staged.deploy(bad, env="staging").code == 0
    assert staged.call("rollback", env="staging").code == 0
    refused = staged.deploy(bad, env="prod")
    assert (refused.code, "has not passed staging" in refused.error) == (3, True)
    assert promote(staged) == (0, good)


def test_an_answer_that_differs_from_stagings_is_taken_back(staged: Project) -> None:
    digest = staged.publish("one", only_in={"SLIPWAY_WORSE": FOUND[:1]})
    assert staged.deploy(digest, env="staging").code == 0
    staged.toml.write_text(staged.toml.read_text() + '\n[environments.prod.variables]\nSLIPWAY_WORSE = "1"\n')
    code, said = promote(staged)
    assert (code, "the detections in sample.jpg are not the expected ones" in said) == (4, True)


def test_nothing_to_promote(staged: Project) -> None:
    code, said = promote(staged)
    assert (code, "nothing in staging can be promoted" in said) == (2, True)
    code, said = promote(staged, "dev")
    assert (code, "has no promoted_from" in said) == (2, True)


def test_a_tree_with_uncommitted_changes_never_goes_to_production(staged: Project) -> None:
    digest = staged.publish("one")
    assert staged.deploy(digest, env="staging", git_sha="abc1234-dirty").code == 0
    code, said = promote(staged)
    assert (code, "changes that are in no commit (abc1234-dirty)" in said) == (3, True)
