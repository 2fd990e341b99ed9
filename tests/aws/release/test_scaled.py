"""Releases to an environment whose instances are scaled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.aws.processes import wait_until


@pytest.mark.parametrize(("scaling", "count"), [("\nscaling = { max_instances = 6 }", 4), ("", 1)])
def test_a_release_keeps_the_instances_that_scaling_has_come_to(project: Any, scaling: str, count: int) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", f"keep = 1{scaling}"))
    project.deploy(project.publish("one"))
    name = {"EndpointName": project.endpoint()}
    project.sagemaker.update_endpoint_weights_and_capacities(
        **name, DesiredWeightsAndCapacities=[{"VariantName": "main", "DesiredInstanceCount": 4}]
    )

    def described() -> Any:
        return project.sagemaker.describe_endpoint(**name)

    wait_until(lambda: described()["EndpointStatus"] == "InService", "the endpoint")
    project.deploy(project.publish("two"))
    assert project.live() == "two"
    assert described()["ProductionVariants"][0]["DesiredInstanceCount"] == count
