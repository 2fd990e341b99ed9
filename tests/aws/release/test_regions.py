"""Releases to several regions: wave after wave, and no further than the first that fails."""

from __future__ import annotations

import signal
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.aws.processes import wait_until
from tests.aws.release.conftest import begin

if TYPE_CHECKING:
    from pathlib import Path

    from tests.aws.release.conftest import Enter, Project

REGIONS = ("eu-west-1", "us-east-1", "ap-northeast-1")
TOML = """
project = "{project}"
region = "eu-west-1"

[timeouts]
deploy_seconds = 30

[environments.dev]
keep = 1
regions = ["eu-west-1", ["us-east-1", "ap-northeast-1"]]

[environments.prod]
promoted_from = "dev"
regions = [["eu-central-1", "us-east-1"]]
"""


@pytest.fixture
def project(enter: Enter, tmp_path: Path) -> Project:
    return enter(tmp_path, begin(tmp_path, TOML))


@pytest.fixture
def faults(local_cloud: Any) -> Iterator[str]:
    url = f"{local_cloud.url}/_slipway/faults"
    yield url
    urllib3.request("DELETE", url)


def deploy(project: Project, build: str) -> Any:
    folder = project.folder / f"layout-{build}"
    layout = folder if folder.exists() else project.layout(build)
    return project.call("deploy", "--layout", str(layout), *project.wanted("")[2:])


def live(project: Project, env: str = "dev", regions: tuple[str, ...] = REGIONS) -> list[str]:
    return [project.live(env, region) for region in regions]


def outcomes(told: Any) -> dict[str, str]:
    return {row["region"]: row["outcome"] for row in told.report["regions"]}


def test_every_region_gets_the_very_image_wave_after_wave(project: Project) -> None:
    done = deploy(project, "one")
    assert done.code == 0, done.err
    assert live(project) == ["one"] * 3
    assert outcomes(done) == dict.fromkeys(REGIONS, "done")
    assert (done.report["changed"], done.report["endpoint"]) == (True, project.endpoint())
    for region in REGIONS:
        [image] = project.cloud.client("ecr", region).describe_images(repositoryName=project.name)["imageDetails"]
        assert image["imageDigest"] == done.report["digest"]
    lines = [line for line in done.err.splitlines() if "rollout: model and" in line]
    assert lines[0].split()[2] == "eu-west-1"
    assert done.out.count("| done ") == 3
    [picture] = [path for path in project.folder.glob("*.svg") if not path.stem.endswith("-1")]
    assert len(ET.parse(picture).getroot().findall("{*}svg")) == 3
    again = deploy(project, "one")
    assert (again.report["outcome"], again.report["changed"]) == ("unchanged", False)

    table = project.call("status").out
    assert [line.split()[1] for line in table.splitlines() if "InService" in line] == list(REGIONS)
    one = project.call("status", "--region", "us-east-1")
    assert (one.report["region"], one.report["state"]) == ("us-east-1", "InService")
    wrong = project.call("status", "--region", "us-west-2")
    assert (wrong.code, "dev is not in us-west-2; name one of: eu-west-1, us-east-1" in wrong.error) == (2, True)
    assert project.call("history").out.count("| live  |") == 3
    assert project.call("doctor").code == 0
    assert project.call("logs").code == 0
    assert (followed := project.call("logs", "--follow")).code == 2
    assert "--region eu-west-1" in followed.error

    proof = f"{done.report['digest'].replace(':', '-')}.sig"
    project.cloud.registry.push(project.name, proof, build="proof")
    promoted = project.call("promote", "--sample", str(project.folder / "sample.jpg"), env="prod")
    assert promoted.code == 0, promoted.err
    assert live(project, "prod", ("eu-central-1", "us-east-1")) == ["one"] * 2
    assert promoted.report["digest"] == done.report["digest"]
    copied = project.cloud.client("ecr", "eu-central-1").describe_images(repositoryName=project.name)["imageDetails"]
    assert {image["imageDigest"] for image in copied} >= {done.report["digest"]}
    assert sorted(tag for image in copied for tag in image["imageTags"]) == ["abc1234", proof]

    gone = project.call("destroy")
    assert gone.code == 0, gone.err
    assert outcomes(gone) == dict.fromkeys(REGIONS, "done")
    assert project.live("prod", "us-east-1") == "one", "the same name in another environment"
    assert project.call("status").out.count("| absent ") == 3


def test_first_wave_that_fails_is_the_last(project: Project, faults: str) -> None:
    assert deploy(project, "old").code == 0
    urllib3.request("POST", faults, json={"endpoint": project.endpoint(), "region": "eu-west-1", "effect": "silent"})
    failed = deploy(project, "new")
    assert failed.code == 4
    assert "In eu-west-1: endpoint" in failed.error
    assert "Not touched: us-east-1, ap-northeast-1." in failed.error
    assert outcomes(failed) == dict(zip(REGIONS, ("failed", "not touched", "not touched"), strict=True))
    assert live(project) == ["old"] * 3
    assert deploy(project, "new").code == 0
    assert live(project) == ["new"] * 3


def test_going_back_leaves_regions_alone_that_the_release_did_not_reach(project: Project, faults: str) -> None:
    for build in ("older", "old"):
        assert deploy(project, build).code == 0
    urllib3.request("POST", faults, json={"endpoint": project.endpoint(), "region": "us-east-1", "effect": "silent"})
    failed = deploy(project, "new")
    assert failed.code == 4
    assert "It is done in eu-west-1, ap-northeast-1." in failed.error
    assert live(project) == ["new", "old", "new"]
    back = project.call("rollback")
    assert back.code == 0, back.err
    assert outcomes(back)["us-east-1"] == "left alone"
    assert live(project) == ["old"] * 3


def test_interrupted_process_waits_for_no_region(project: Project, faults: str) -> None:
    urllib3.request("POST", faults, json={"operation": "CreateModel", "region": "us-east-1", "effect": "hold"})
    urllib3.request("POST", faults, json={"operation": "CreateModel", "region": "ap-northeast-1", "effect": "hold"})
    layout = str(project.layout("one"))
    process = project.spawn(project.arguments("deploy", "--layout", layout, *project.wanted("")[2:]))
    wait_until(lambda: len(urllib3.request("GET", faults).json()["held"]) == 2, "the calls in the second wave")
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130, err
    assert "interrupted during deploy in us-east-1, ap-northeast-1" in err
    assert [line.split("|")[3].strip() for line in out.splitlines() if "-1 " in line] == ["done", *["interrupted"] * 2]
    urllib3.request("DELETE", faults)
    assert deploy(project, "one").code == 0
    assert live(project) == ["one"] * 3
