"""What the verbs of `python -m infra` do that try a candidate beside the live release.

Parts are imported where they are used, as in `verbs`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from infra.errors import InputError, RolloutFailed
from infra.verbs import reported

if TYPE_CHECKING:
    import argparse

    from infra.config import Config
    from infra.progress import Progress
    from infra.release.deploy import Wanted
    from infra.release.job import Job


def split(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """A candidate answers a share of the requests."""
    from infra.release.trials import begin  # noqa: PLC0415

    if not 1 <= args.percent <= 99:
        raise InputError(
            f"--percent is {args.percent}; write 1 to 99: rollback gives all to the live release, accept all to the "
            "candidate."
        )

    def run(job: Job) -> None:
        begin(job, "split", _wanted(args, job), args.percent)

    reported(args, config, progress, run)


def shadow(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """A candidate is sent copies of the requests; RolloutFailed where it finds something else, or is too slow."""
    from infra.regress.pictures import read  # noqa: PLC0415
    from infra.release.shadow import compare  # noqa: PLC0415
    from infra.release.trials import begin  # noqa: PLC0415

    settings = config.environment(args.env).shadow
    if settings is None:
        where = config.where("environments", args.env)
        raise InputError(
            f'{where} has no shadow; write shadow = {{ capture = "s3://BUCKET/trials" }}, where the answers are kept.'
        )
    pictures = read(args.pictures) if args.pictures else []

    def run(job: Job) -> None:
        trial = begin(job, "shadow", _wanted(args, job), settings.percent)
        with job.progress.step("compare"):
            found = compare(job, trial, pictures, args.requests, args.seconds)
            job.report.comparison = found
        if found.closed:
            raise RolloutFailed(
                f"the candidate is not like the live release: {found.closed}. It is still sent copies; rollback ends "
                "that, or raise the limit in [gates] of slipway.toml if the difference is wanted."
            )
        job.report.notes.append("every gate is open: accept makes the candidate the release, rollback ends the trial")
        job.report.outcome = "done"

    reported(args, config, progress, run)


def accept(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """The candidate of a trial becomes the release."""
    from infra.release.invocation import read_sample  # noqa: PLC0415
    from infra.release.trials import accept  # noqa: PLC0415

    sample = read_sample(args.sample, None)
    reported(args, config, progress, lambda job: accept(job, sample))


def _wanted(args: argparse.Namespace, job: Job) -> Wanted:
    """The candidate: a published image, or a layout that is published first."""
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.publish import publish  # noqa: PLC0415
    from infra.release.deploy import Wanted  # noqa: PLC0415
    from infra.release.invocation import read_sample  # noqa: PLC0415
    from infra.release.names import release  # noqa: PLC0415

    digest, push = args.digest, None
    if args.layout:
        layout = read_layout(args.layout)
        digest, tag = layout.digest, args.tag or args.git_sha
        push = partial(publish, job.cloud, job.config.repository, layout, tag, job.progress, proof=args.proof)
    sample, candidate = read_sample(args.sample, args.expected), release(job.config, args.env, digest)
    return Wanted(candidate, args.git_sha or _commit(job, digest), sample, args.mock, publish=push)


def _commit(job: Job, digest: str) -> str:
    """The commit of a published image, as the releases of this environment, or of the one before, know it."""
    from infra.cloud import Cloud  # noqa: PLC0415
    from infra.release.generations import generations  # noqa: PLC0415
    from infra.release.names import place  # noqa: PLC0415

    places = [job.place, *([place(job.config, before)] if (before := job.settings.promoted_from) else [])]
    known = [one for each in places for one in generations(Cloud.from_environment(each.region).sagemaker, each)]
    return next((one.git_sha for one in known if one.digest == digest and one.git_sha), "unknown")
