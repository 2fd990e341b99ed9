"""Candidates beside the live release: splits and shadows, and what becomes of them."""

from __future__ import annotations

import json
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.aws.release.conftest import FOUND

if TYPE_CHECKING:
    from tests.aws.release.conftest import Outcome, Project


def split(project: Project, digest: str, percent: int, *args: str) -> Outcome:
    return project.call("split", *project.wanted(digest, *args), "--percent", str(percent))


def builds(project: Project, times: int = 40) -> Counter[str]:
    return Counter(project.live() for _ in range(times))


@pytest.fixture
def shadowed(project: Project) -> Project:
    """The project with a bucket for shadows, and pictures to send."""
    setting = f'keep = 1\nshadow = {{ capture = "s3://{project.name}-trials/dev" }}'
    project.toml.write_text(project.toml.read_text().replace("keep = 1", setting))
    pictures = project.folder / "pictures"
    pictures.mkdir()
    for number in range(3):
        (pictures / f"p{number}.jpg").write_bytes(b"\xff\xd8 picture %d" % number)
    return project


def shadow(project: Project, digest: str, *args: str) -> Outcome:
    pictures = str(project.folder / "pictures")
    return project.call("shadow", *project.wanted(digest), "--pictures", pictures, "--seconds", "20", *args)


def test_a_split_gives_the_candidate_its_share_moves_it_and_ends_by_rollback(project: Project) -> None:
    live = project.deploy(project.publish("live")).report["release"]
    candidate = project.publish("candidate")
    done = split(project, candidate, 50)
    assert done.code == 0, done.err
    assert done.report["smoke"]["build"] == "candidate", "the candidate itself was asked"
    assert set(builds(project)) == {"live", "candidate"}
    assert done.report["rollout"][-1]["share"] == 50
    assert done.report["cost"]["fleet"] == "1 ml.c7i.large and 1 ml.c7i.large"
    status = project.call("status").report
    assert status["trial"].startswith("split of ")
    assert [one.split(":")[0] for one in status["variants"]] == ["main answers 50%", "candidate answers 50%"]
    assert [one["state"] for one in project.call("history").report] == ["live, with a trial beside it"]
    before = project.configs()
    moved = split(project, candidate, 99)
    assert (moved.code, moved.report["outcome"], project.configs()) == (0, "done", before), "no new configuration"
    assert project.call("status").report["variants"][1].startswith("candidate answers 99%")
    assert split(project, candidate, 99).report["outcome"] == "unchanged"
    other = split(project, project.publish("other"), 10)
    assert (other.code, "a trial is under way" in other.error) == (3, True)
    back = project.call("rollback")
    assert (back.code, back.report["release"]) == (0, live), back.err
    assert builds(project, 5) == {"live": 5}
    assert project.configs() == project.models() == [live], "nothing of the trial is left"


def test_an_accepted_candidate_is_the_release_and_rollback_goes_to_the_one_before(project: Project) -> None:
    live = project.deploy(project.publish("live")).report["release"]
    split(project, project.publish("candidate"), 20)
    accepted = project.call("accept", "--sample", str(project.folder / "sample.jpg"))
    assert accepted.code == 0, accepted.err
    assert accepted.report["smoke"]["verdict"].startswith("2 of 2 detections match")
    assert builds(project, 5) == {"candidate": 5}
    assert project.configs() == sorted([live, accepted.report["release"]])
    assert project.call("rollback").report["release"] == live
    none = project.call("accept", "--sample", str(project.folder / "sample.jpg"))
    assert (none.code, "there is no trial in dev" in none.error) == (2, True)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        ({"detections": []}, "expected circle 0.97"),
        ({"ping": 500}, "did not pass the ping health check"),
    ],
    ids=["finds nothing", "never healthy"],
)
def test_a_candidate_that_fails_is_gone_at_once(project: Project, behaviour: dict[str, Any], says: str) -> None:
    project.toml.write_text(
        project.toml.read_text().replace("deploy_seconds = 30", "deploy_seconds = 30\nstartup_seconds = 240")
    )
    live = project.deploy(project.publish("live")).report["release"]
    failed = split(project, project.publish("bad", **behaviour), 50)
    assert failed.code == 4
    assert says in failed.error
    assert f"The trial is over, and {live} answers alone" in failed.error
    assert builds(project, 5) == {"live": 5}
    assert project.configs() == project.models() == [live]


def test_a_split_that_was_cut_off_is_picked_up(project: Project) -> None:
    project.deploy(project.publish("live"))
    candidate = project.publish("candidate", warm_after=2)
    process = project.spawn(project.arguments("split", *project.wanted(candidate), "--percent", "50"))
    assert process.stderr is not None
    next(line for line in process.stderr if "Updating" in line)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert "is Updating with" in split(project, project.publish("other"), 50).error
    again = split(project, candidate, 50)
    assert again.code == 0, again.err
    assert (again.report["outcome"], again.report["smoke"]["build"]) == ("done", "candidate")
    assert split(project, candidate, 50).report["outcome"] == "unchanged"


def test_what_cannot_be_tried_is_refused(project: Project) -> None:
    digest = project.publish("live")
    nothing = split(project, digest, 10)
    assert (nothing.code, "nothing is live in dev" in nothing.error) == (2, True)
    project.deploy(digest)
    assert "is live in dev already" in split(project, digest, 10).error
    assert "write 1 to 99" in split(project, digest, 100).error
    unset = project.call("shadow", *project.wanted(digest))
    assert (unset.code, "line 8: environments.dev has no shadow" in unset.error) == (2, True), unset.error


def test_a_deployment_ends_a_trial(project: Project) -> None:
    project.deploy(project.publish("live"))
    split(project, project.publish("candidate"), 50)
    done = project.deploy(project.publish("next"))
    assert done.code == 0, done.err
    assert builds(project, 5) == {"next": 5}
    assert len(project.configs()) == len(project.models()) == 2, "the release and the one before"


def test_a_shadow_that_agrees_opens_the_gates_and_can_be_accepted(shadowed: Project) -> None:
    project = shadowed
    live = project.deploy(project.publish("live")).report["release"]
    done = shadow(project, project.publish("candidate", milliseconds=21.0))
    assert done.code == 0, done.err
    compared = done.report["comparison"]
    assert (compared["requests"], compared["agreement"]["shared"], compared["disagreements"]) == (3, 6, [])
    assert compared["latency"]["ratio"] == 1.05
    assert all(gate["open"] for gate in compared["gates"])
    assert builds(project, 5) == {"live": 5}, "its answers are never given"
    assert done.report["rollout"][-1]["share"] == 0
    assert project.call("status").report["cost"]["fleet"] == "1 ml.c7i.large and 1 ml.c7i.large", "the shadow's too"
    assert project.call("status").report["variants"][1].startswith("candidate is sent copies of 100%")
    accepted = project.call("accept", "--sample", str(project.folder / "sample.jpg"))
    assert accepted.code == 0, accepted.err
    assert builds(project, 5) == {"candidate": 5}
    assert project.call("rollback").report["release"] == live


def test_a_shadow_that_disagrees_is_told_by_picture(shadowed: Project) -> None:
    project = shadowed
    live = project.deploy(project.publish("live")).report["release"]
    worse = [FOUND[0], {**FOUND[1], "label": "triangle"}]
    failed = shadow(project, project.publish("worse", detections=worse, milliseconds=60.0))
    assert failed.code == 4
    assert "takes 3.00 times as long" in failed.error
    assert "66.7% of the objects are found by one of both alone (limit disagreement = 0.05)" in failed.error
    (first, *_) = failed.report["comparison"]["disagreements"]
    assert (first["key"], first["live_alone"], first["candidate_alone"]) == (
        "p0.jpg",
        ["square 0.88"],
        ["triangle 0.88"],
    )
    assert first["line"].startswith(f"s3://{project.name}-trials/dev/{failed.report['release']}/")
    assert "`p1.jpg`: live alone square 0.88; candidate alone triangle 0.88" in failed.out
    assert builds(project, 5) == {"live": 5}
    assert project.call("destroy").code == 0
    assert project.configs() == project.models() == []
    assert live


def test_a_shadow_that_does_not_answer_is_no_good(shadowed: Project) -> None:
    project = shadowed
    project.deploy(project.publish("live"))
    failed = shadow(project, project.publish("broken", status=500), "--seconds", "3")
    assert failed.code == 4
    assert "no request was answered by both within 3 s: 3 by the live release, 0 by the candidate" in failed.error
    assert project.live() == "live"
    assert json.loads(json.dumps(failed.report))["outcome"] == "failed"
