"""What a release to eight regions side by side takes, beside one to a single region."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from tests.aws.processes import LocalCloud, run_registry
from tests.aws.release.conftest import Project, begin, variables

REGIONS = [
    "eu-west-1",
    "eu-central-1",
    "eu-north-1",
    "us-east-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-south-1",
]
TOML = f"""
project = "{{project}}"
region = "eu-west-1"

[environments.one]
instance_count = 2
alarms = [{{{{ metric = "Invocation5XXErrors", threshold = 0 }}}}]
rollout = {{{{ type = "canary", percent = 50, bake_seconds = 10 }}}}

[environments.eight]
regions = [{REGIONS}]
instance_count = 2
alarms = [{{{{ metric = "Invocation5XXErrors", threshold = 0 }}}}]
rollout = {{{{ type = "canary", percent = 50, bake_seconds = 10 }}}}
"""
STARTS = 5.0
"""Seconds until a container is healthy."""
RUNS = 3


def run(folder: Path) -> list[tuple[str, str, str]]:
    """Update an endpoint, and then eight, some times over; rows of what, measured, goal."""
    for name in ("registry", "project"):
        (folder / name).mkdir()
    with run_registry(folder / "registry") as registry:
        cloud = LocalCloud(registry, folder / "cloud")
        cloud.start()
        try:
            project = Project(folder / "project", begin(folder / "project", TOML), cloud, variables(cloud))
            _deploy(project, 0)
            taken = [_deploy(project, number) for number in range(1, RUNS + 1)]
        finally:
            cloud.stop()
    ones, eights = zip(*taken, strict=True)
    times = statistics.median(eight / one for one, eight in taken)
    watched = f"containers healthy after {STARTS:g} s, a canary of two times 10 s"
    return [
        (f"update of one region: {watched}", _told(ones), ""),
        ("the same in eight regions side by side", f"{_told(eights)}, {times:.2f} times as long", "≤ 1.3 times"),
    ]


def _told(times: tuple[float, ...]) -> str:
    return f"{statistics.median(times):.1f} s ({min(times):.1f}-{max(times):.1f})"


def _deploy(project: Project, number: int) -> tuple[float, float]:
    """Seconds of a new image's release to one region and to eight."""
    layout = project.layout(f"build{number}", warm_after=STARTS)
    times = []
    for env in ("one", "eight"):
        arguments = project.arguments("deploy", "--layout", str(layout), *project.wanted("")[2:], env=env)
        began = time.monotonic()
        process = project.spawn(arguments)
        _, said = process.communicate()
        times.append(time.monotonic() - began)
        if process.returncode:
            raise RuntimeError(said)
    return times[0], times[1]
