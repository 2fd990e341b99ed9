"""`logs`: what the containers of an environment wrote."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project


def deploy(project: Project, build: str, *says: str) -> None:
    ran = project.deploy(project.publish(build, says=list(says)))
    assert ran.code == 0, ran.err


def test_lines_of_all_releases_with_time_and_container(project: Project) -> None:
    deploy(project, "one", "first line", "an error")
    deploy(project, "two", "of the second")
    shown = project.call("logs")
    assert shown.code == 0, shown.err
    assert [line["message"] for line in shown.report] == ["first line", "an error", "of the second"]
    assert all(line.split()[1].startswith("main/i-") for line in shown.out.splitlines())
    assert [line["message"] for line in project.call("logs", "--filter", "error").report] == ["an error"]


def test_only_what_is_young_enough(project: Project) -> None:
    deploy(project, "one", '{"time": "2026-01-01T00:00:00Z", "event": "old"}', '{"time": "2999-01-01T00:00:00Z"}')
    assert [line["time"] for line in project.call("logs", "--since", "30m").report] == ["2999-01-01T00:00:00.000+00:00"]
    assert len(project.call("logs", "--since", "999999d").report) == 2


def test_following_shows_lines_as_they_come_and_none_twice(project: Project) -> None:
    deploy(project, "one", "before")
    process = project.spawn(project.arguments("logs", "--follow"))
    assert process.stdout is not None
    assert process.stdout.readline().endswith("before\n")
    deploy(project, "two", "after")
    assert process.stdout.readline().endswith("after\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130


def test_where_nothing_was_ever_written(project: Project) -> None:
    shown = project.call("logs")
    assert (shown.code, "none of its containers has written anything yet" in shown.error) == (2, True)


def test_an_age_that_is_none(project: Project) -> None:
    shown = project.call("logs", "--since", "yesterday")
    assert (shown.code, "such as 30m" in shown.error) == (2, True)
