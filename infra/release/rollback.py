"""Rollback: back to the last good release, or to the one named, among those kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import InputError, WorldChanged
from infra.release import difference
from infra.release.account import account
from infra.release.endpoint import look
from infra.release.generations import Generation, generations, mark
from infra.release.prune import clear
from infra.release.rollout import ALL_AT_ONCE, finish, start
from infra.release.verify import verify

if TYPE_CHECKING:
    from infra.release.job import Job


def choose(known: list[Generation], live: str, to: str | None) -> Generation:
    """The generation to go back to; InputError that lists the candidates if there is none such."""
    candidates = [one for one in known if one.good and one.name != live]
    if to is None:
        if candidates:
            return candidates[0]
        raise InputError("there is no earlier good release to go back to; deploy the one you want by its digest.")
    digest = to if to.startswith("sha256:") else f"sha256:{to}"
    named = [one for one in known if one.live and one.digest.startswith(digest)]
    if len({one.digest for one in named}) == 1:
        # The same image may be there twice, with another configuration.
        if others := [one for one in named if one.name != live]:
            return others[0]
        raise InputError(f"{named[0].digest} is live already; there is nothing to roll back.")
    what = "several kept releases have" if named else "no kept release has"
    listed = "; ".join(f"{one.digest} (git {one.git_sha}, live {one.live:%Y-%m-%d %H:%M})" for one in candidates)
    raise InputError(
        f"{what} the digest {to}; candidates: {listed or 'none'}. Older ones come back by deploying their digest."
    )


def rollback(job: Job, to: str | None) -> None:
    """Bring the endpoint back, all at once, and verify that it is there."""
    report, say, place = job.report, job.progress.say, job.place
    with job.progress.step("plan"):
        endpoint = look(job.sagemaker, place.endpoint)
        if endpoint is None:
            raise InputError(f"there is no endpoint {place.endpoint} to roll back; deploy first.")
        known = generations(job.sagemaker, place)
        goal = choose(known, "" if endpoint.status == "Failed" else endpoint.config, to)
        if endpoint.moving and endpoint.target != goal.name:
            raise WorldChanged(
                f"endpoint {place.endpoint} is {endpoint.status} with {endpoint.target}; wait until that is over "
                "(`status` shows it) and run again."
            )
        report.previous, report.release = endpoint.config, goal.name
        report.digest, report.git_sha = goal.digest, goal.git_sha
        report.plan = f"{endpoint.config} goes, {goal.name} (git {goal.git_sha}) comes back"
        say(report.plan)
        account(job, goal.digest, difference.live(job.sagemaker, goal.name), endpoint)
    with job.progress.step("rollout"):
        start(job, goal.name, ALL_AT_ONCE)
        ended = finish(job)
    with job.progress.step("verify"):
        verify(ended, goal.name, goal.digest)
        if any(one.name == endpoint.config != goal.name for one in known):
            mark(job.sagemaker, ended.config_arn(endpoint.config), "withdrawn")
        mark(job.sagemaker, ended.config_arn(goal.name), "live")
        report.removed.extend(clear(job.sagemaker, place, goal.name))
        say(f"{goal.name} is live with {goal.digest}")
    report.outcome, report.changed = "done", True
