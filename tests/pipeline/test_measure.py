"""What an image bears and how it compares with the live one, measured in the real engine."""

import json
from collections.abc import Iterator

import pytest

from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(1800)
SHORT = ("--mock", "--seconds", "0.5")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project with a price; everything of it is gone afterwards."""
    made = Project.make(tmp_path_factory.mktemp("project"))
    made.edit("slipway.toml", "[environments.dev]", '[prices.eu-west-1]\n"ml.c7i.large" = 0.1\n\n[environments.dev]')
    yield made
    made.call("destroy", "--env", "dev")


def test_capacity_is_measured_on_the_image_and_priced(project: Project) -> None:
    plan = json.loads(project.call("capacity", "--rate", "5000/min", *SHORT, "report", "contents"))
    assert plan["best"]["p99_ms"] <= 500
    assert plan["vcpus"] == 2
    assert plan["instances"] * plan["per_instance"] * 0.7 >= 5000 / 60
    assert plan["monthly"] == pytest.approx(plan["instances"] * 73)


def test_an_image_that_is_worse_than_the_live_one_is_refused(project: Project) -> None:
    project.deploy("--mock")
    with project.edited("slipway.toml", "[environments.dev]", "[gates]\nlatency_ratio = 0.01\n\n[environments.dev]"):
        refused = project.refused("regress", *SHORT, "summary")
    assert "the new image is worse than what is live in dev" in refused
    assert "(limit latency_ratio = 0.01)" in refused


def test_a_deployment_compares_first_where_it_is_wanted(project: Project) -> None:
    with (project.path / "inference/server.py").open("a") as file:
        file.write("# edited\n")
    with project.edited("slipway.toml", "[environments.dev]", "[environments.dev]\nregress = true"):
        report = project.deploy("--mock")
    found = report["regression"]
    assert (report["outcome"], found["passed"], found["agreement"]["disagreement"]) == ("done", True, 0)
    assert found["builds"][0] != found["builds"][1] == report["smoke"]["build"]
