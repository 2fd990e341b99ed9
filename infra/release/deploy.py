"""Deploy: plan → preflight → rollout → verify → smoke → prune."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import FAILURES, explain
from infra.errors import InputError, Refused, RolloutFailed, SlipwayError, WorldChanged
from infra.release import difference
from infra.release.account import account
from infra.release.alarms import put_alarms
from infra.release.generations import generations, mark
from infra.release.invocation import Sample, invoke
from infra.release.kinds import refuse_conversion
from infra.release.links import links
from infra.release.plan import Plan, plan
from infra.release.preflight import preflight
from infra.release.previews import refuse_other_branch, renew
from infra.release.prune import discard, prune
from infra.release.recording import recorder
from infra.release.rollout import ALL_AT_ONCE, create_release, deployment, finish, refuse_stranger, start
from infra.release.smoke import judge
from infra.release.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.publish import Published
    from infra.release.endpoint import Endpoint
    from infra.release.job import Job
    from infra.release.names import Release


@dataclass(frozen=True)
class Wanted:
    """What is to be live, and the picture that proves it; `publish` brings the image to ECR if it may not be there."""

    release: Release
    git_sha: str
    sample: Sample
    mock: bool = False
    branch: str = ""
    patient: bool = False
    publish: Callable[[], Published] | None = None


def deploy(job: Job, wanted: Wanted) -> None:
    """Make `wanted` the live release, or fail with the one before still answering."""
    release, report, say = wanted.release, job.report, job.progress.say
    report.digest, report.release, report.git_sha = release.digest, release.name, wanted.git_sha
    if wanted.mock:
        job.config.refuse_mock(release.place.environment)
    if len(wanted.sample.picture) > job.payload_limit_mb * 1024 * 1024:
        limit = job.config.where("payload_limit_mb")
        raise InputError(
            f"the sample {wanted.sample.name} is larger than the payload limit ({limit}); give a smaller one."
        )
    with job.progress.step("plan"):
        found = plan(job.sagemaker, release, job.limit, job.progress, patient=wanted.patient)
        report.plan = f"{found.action}: {found.reason}"
        report.previous = found.endpoint.config if found.endpoint and found.endpoint.config != release.name else ""
        say(report.plan)
        before = None if found.action == "replace" else found.endpoint
        account(job, release.digest, difference.wanted(job.config, job.place.environment), before)
    if found.endpoint:
        refuse_other_branch(job, found.endpoint, wanted.branch)
    if found.action == "nothing":
        report.outcome = "unchanged"
        report.git_sha = found.live.git_sha if found.live else wanted.git_sha
        report.skipped.append("everything: this image with this configuration is live and has passed its smoke test")
        renew(job, wanted.branch)
        return
    if found.endpoint:
        refuse_stranger(job, found.endpoint)
        refuse_conversion(job, found.endpoint)
    if found.action in ("prove", "wait"):
        renew(job, wanted.branch)
    if note := job.cloud.check_credentials(timedelta(seconds=job.limit)):
        report.notes.append(note)
        say(note)
    ended = _roll_out(job, wanted, found)
    with job.progress.step("verify"):
        _verify(job, ended, release)
        say(f"{release.name} is live with {release.digest}")
    with job.progress.step("smoke"):
        _smoke(job, wanted, ended)
    with job.progress.step("prune"):
        keep = job.settings.keep
        try:
            report.removed.extend(prune(job.cloud, job.place, release.name, keep, timedelta(seconds=job.limit)))
        finally:
            # Last: who is killed before has it proven, and what is left over removed, by the next deploy.
            mark(job.sagemaker, ended.config_arn(release.name), "live")
        say(f"removed {', '.join(report.removed) or 'nothing'}; up to {keep} earlier releases are kept for a rollback")
    report.outcome, report.changed = "done", True


def _roll_out(job: Job, wanted: Wanted, found: Plan) -> Endpoint:
    """Bring the endpoint to the release, skipping what is done or under way already; where it ended."""
    release, report, say = wanted.release, job.report, job.progress.say
    if found.action == "prove" and found.endpoint and found.live:
        report.skipped.append("preflight and rollout: the release is live already")
        return found.endpoint
    if found.action == "wait":
        report.skipped.append("preflight: the rollout is under way already")
        with job.progress.step("rollout"):
            return finish(job, recorder(job, wanted.sample))
    if wanted.publish:
        report.published = wanted.publish()
    with job.progress.step("preflight"):
        checked = preflight(job, release, git_sha=wanted.git_sha, mock=wanted.mock)
        report.image, report.image_bytes = checked.image, checked.size
        report.notes.extend(checked.notes)
        say("; ".join(checked.notes) or "all is well")
    with job.progress.step("rollout"):
        try:
            made = create_release(job, release, checked, wanted.git_sha)
            say(f"model and endpoint config {release.name} {'created' if made else 'are there already'}")
            report.alarms = put_alarms(job.cloud.cloudwatch, release, job.settings)
            report.links = links(job.cloud, job.place, image=checked.image, alarms=report.alarms)
            if found.action == "prove" and found.endpoint:
                return found.endpoint
            start(job, release.name, deployment(job.settings, report.alarms))
        except (ClientError, Refused, WorldChanged):
            _discard(job, release)
            raise
        # At once: a preview that fails has to end, too.
        renew(job, wanted.branch)
        return finish(job, recorder(job, wanted.sample))


def _verify(job: Job, ended: Endpoint, release: Release) -> None:
    try:
        verify(ended, release.name, release.digest)
    except RolloutFailed:
        _discard(job, release)
        raise


def _discard(job: Job, release: Release) -> None:
    """Clear a release away that failed; that this fails too is noted and does not hide why it has to be."""
    try:
        discard(job.cloud, job.place, release.name)
    except FAILURES as worse:
        note = f"{release.name} could not be cleared away: {explain(worse)}"
        job.report.notes.append(note)
        job.progress.say(note)


def _smoke(job: Job, wanted: Wanted, ended: Endpoint) -> None:
    sample, rules = wanted.sample, job.config.settings
    try:
        answer = invoke(job.cloud, job.config, job.place, sample)
        shown = {
            "build": answer.build,
            "model": answer.model,
            "is_mock": answer.is_mock,
            "milliseconds": answer.milliseconds,
            "detections": answer.detections,
        }
        job.report.smoke = {"verdict": "not as expected", **shown}
        verdict = judge(answer, sample, rules.smoke, mock=wanted.mock)
        job.report.smoke = {"verdict": verdict, **shown}
        job.progress.say(f"build {answer.build[:12]} answered in {answer.milliseconds:.0f} ms: {verdict}")
    except (RolloutFailed, InputError) as error:
        _take_back(job, wanted.release, error)


def _take_back(job: Job, release: Release, error: SlipwayError) -> None:
    """Roll back to the last good release after a failed smoke test; always raises."""
    job.progress.say(f"{error}")
    live = f"{release.name}, which failed its smoke test, is live now: run `rollback` once that is mended."
    try:
        known = generations(job.sagemaker, job.place)
    except FAILURES as worse:
        raise RolloutFailed(f"{error} Rolling back failed too: {explain(worse)} {live}") from error
    good = next((one for one in known if one.good and one.name != release.name), None)
    if good is None:
        raise RolloutFailed(
            f"{error} There is no earlier good release to go back to, so endpoint {job.place.endpoint} stays up with "
            "this one: deploy a mended image, or run destroy."
        ) from error
    job.progress.say(f"rolling back to {good.name}")
    try:
        start(job, good.name, ALL_AT_ONCE)
        live = f"It had begun: `status` shows whether {release.name}, which failed its smoke test, is still live."
        verify(finish(job), good.name, good.digest)
    except (SlipwayError, *FAILURES) as worse:
        raise RolloutFailed(f"{error} Rolling back to {good.name} failed too: {explain(worse)} {live}") from error
    _discard(job, release)
    raise RolloutFailed(
        f"{error} Rolled back: {good.name} ({good.digest}, git {good.git_sha}) is live again."
    ) from error
