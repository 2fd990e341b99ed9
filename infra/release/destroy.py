"""Destroy: endpoint, endpoint configs, models and alarms of one environment, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.release.alarms import delete_alarms, our_alarms
from infra.release.endpoint import look
from infra.release.generations import generations, orphans
from infra.release.previews import refuse_other_branch
from infra.release.rollout import delete_endpoint, delete_release

if TYPE_CHECKING:
    from infra.release.job import Job


def destroy(job: Job, branch: str = "") -> None:
    """Remove what releases made in an environment; running it again is fine. Refused for another branch's preview."""
    report, config, place = job.report, job.config, job.place
    if endpoint := look(job.sagemaker, place.endpoint):
        refuse_other_branch(job, endpoint, branch)
    with job.progress.step("endpoint"):
        if delete_endpoint(job):
            report.removed.append(f"endpoint {place.endpoint}")
    with job.progress.step("releases"):
        known = generations(job.sagemaker, place, trials=True)
        for one in [*known, *orphans(job.sagemaker, place, known)]:
            delete_release(job.sagemaker, one.name)
            report.removed.append(f"release {one.name}")
    with job.progress.step("alarms"):
        alarms = our_alarms(job.cloud.cloudwatch, place)
        delete_alarms(job.cloud.cloudwatch, alarms)
        report.removed.extend(f"alarm {name}" for name in alarms)
    report.changed = bool(report.removed)
    report.outcome = "done" if report.changed else "unchanged"
    asynchronous = job.settings.asynchronous
    report.notes.append(
        f"left as they are: the ECR repository {config.repository} with its images, the role {config.execution_role}, "
        f"the log group /aws/sagemaker/Endpoints/{place.endpoint}"
        f"{f', the answers in {asynchronous.output}' if asynchronous else ''}"
    )
