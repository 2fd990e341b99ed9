"""What a rollout leaves in its report: its stages, who answered meanwhile, alarms; and the picture of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

CANARY = """
instance_count = 2
alarms = [{ metric = "Invocation5XXErrors", threshold = 0 }]
rollout = { type = "canary", percent = 50, bake_seconds = 60 }
"""


def test_a_canary_is_recorded_and_drawn(project: Project) -> None:
    project.toml.write_text(project.toml.read_text().replace("keep = 1", CANARY))
    first = project.deploy(project.publish("one"))
    assert [one["share"] for one in first.report["rollout"]][-1] == 100
    second = project.deploy(project.publish("two"))
    assert second.code == 0, second.err
    assert "50 % of the traffic moved, to be watched for " in second.err
    moments = second.report["rollout"]
    shares = [one["share"] for one in moments]
    assert shares == sorted(shares)
    assert {50, 100} <= set(shares) <= {0, 50, 100}
    assert moments[-1]["status"] == "InService"
    assert {one["build"] for one in moments} == {"one", "two"}, "both releases answered while traffic moved"
    assert moments[0]["build"] == "one"
    assert moments[-1]["build"] == "two"
    assert all(one["milliseconds"] > 0 for one in moments)
    pictures = {path.read_text() for path in project.folder.glob("*.svg")}
    assert all(ET.fromstring(picture).tag.endswith("svg") for picture in pictures)
    assert any("build two" in picture for picture in pictures)
    again = project.deploy(second.report["digest"])
    assert (again.report["outcome"], again.report["rollout"]) == ("unchanged", [])
    (new,) = {path.read_text() for path in project.folder.glob("*.svg")} - pictures
    assert "Nothing was rolled out." in new


def test_no_picture_is_sent_where_all_traffic_moves_at_once(project: Project) -> None:
    project.deploy(project.publish("one"))
    moments = project.deploy(project.publish("two")).report["rollout"]
    assert moments[-1]["share"] == 100
    assert {one["milliseconds"] for one in moments} == {None}
