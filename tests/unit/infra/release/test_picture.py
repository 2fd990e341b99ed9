"""The rollout as a picture: what is drawn is what was seen."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from infra.release.picture import ALARM, NEW, OLD, draw
from infra.release.recording import Moment, share
from infra.release.report import Report
from infra.settings import Rollout

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("rollout", "shares"),
    [
        (Rollout(), [0, 100, 100]),
        (Rollout(type="canary", percent=10), [0, 10, 100, 100]),
        (Rollout(type="linear", percent=40), [0, 40, 80, 100, 100]),
    ],
)
def test_the_share_follows_the_bakes(rollout: Rollout, shares: list[float]) -> None:
    assert [share(rollout, bakes) for bakes in range(len(shares))] == shares


def report(*moments: Moment) -> Report:
    made = Report("deploy", "demo", "prod", "eu-west-1", "demo-prod", outcome="done", digest="sha256:<1>")
    made.rollout = list(moments)
    return made


def drawn(made: Report) -> ET.Element:
    return ET.fromstring(draw(made))


def test_traffic_answers_and_stages_are_drawn() -> None:
    alarm = "demo/prod/ModelLatency/abc-def"
    picture = drawn(
        report(
            Moment(10, "Updating", "main Creating 0/2 instances", 0, 20.0, "old"),
            Moment(20, "Updating", "main Baking 2/2 instances", 50, 10.0, "new"),
            Moment(25, "Updating", "main Baking 2/2 instances", 50, 40.0, "old", (alarm,)),
            Moment(30, "InService", "", 100, 10.0, "new"),
        )
    )
    (line,) = picture.iter(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
    assert points[0] == (60, 210), "no traffic at first"
    assert (450, 210) in points, "half of the way, before the first step"
    assert (450, 140) in points, "and half of the traffic after it"
    assert points[-1] == (840, 70), "all of it in the end"
    dots = [dot for dot in picture.iter(f"{SVG}circle") if dot.get("r") == "3"]
    assert [dot.get("fill") for dot in dots] == [OLD, NEW, OLD, NEW]
    assert dots[2].get("cy") == "270.0", "the slowest answer is at the top"
    words = {text.text for text in picture.iter(f"{SVG}text")}
    assert {"Creating", "Baking", "InService", "alarm ModelLatency", "40 ms", "build old"} <= words
    assert len([line for line in picture.iter(f"{SVG}line") if line.get("stroke") == ALARM]) == 1


def test_one_slow_answer_does_not_press_the_others_to_the_ground() -> None:
    slow = [Moment(second, "Updating", "", 0, 2000.0 if second == 1 else 20.0, "old") for second in range(1, 9)]
    picture = drawn(report(*slow))
    heights = [float(dot.get("cy") or 0) for dot in picture.iter(f"{SVG}circle") if dot.get("r") == "3"]
    assert heights == [270.0] + [375.0] * 7, "the top of the panel is four times the median"
    assert "2000 ms" in {text.text for text in picture.iter(f"{SVG}text")}


def test_nothing_to_draw_is_said_and_names_are_escaped() -> None:
    words = [text.text or "" for text in drawn(report()).iter(f"{SVG}text")]
    assert "Nothing was rolled out." in words
    assert any("sha256:<1>" in word for word in words)
    without = drawn(report(Moment(1, "Creating", "", 0), Moment(2, "InService", "", 100)))
    assert "No picture was sent during this rollout." in {text.text for text in without.iter(f"{SVG}text")}
