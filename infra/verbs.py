"""What each verb of `python -m infra` does with its arguments: calls the part that does the work, tells the result.

Parts are imported where they are used: botocore costs more than most verbs need before they can refuse.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from infra.errors import InputError, RolloutFailed, SlipwayError
from infra.pricing.instances import vcpus
from infra.result import tell

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.progress import Progress
    from infra.release.job import Job
    from infra.release.names import Place


def _target(args: argparse.Namespace, config: Config) -> tuple[Cloud, Place]:
    from infra.cloud import Cloud  # noqa: PLC0415
    from infra.release.names import place  # noqa: PLC0415

    where = place(config, args.env)
    cloud = Cloud.from_environment(where.region)
    cloud.check_credentials(timedelta())
    return cloud, where


def reported(args: argparse.Namespace, config: Config, progress: Progress, verb: Callable[[Job], None]) -> None:
    """Run a verb that changes the world; its report is written whatever happens."""
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415
    from infra.notify import notify, webhook  # noqa: PLC0415
    from infra.release.job import Job  # noqa: PLC0415
    from infra.release.picture import draw  # noqa: PLC0415
    from infra.release.report import Report  # noqa: PLC0415

    chat, topic = (None, None) if args.hear else (webhook(), config.settings.notify_topic)
    cloud, place = _target(args, config)
    report = Report(args.verb, place.project, place.environment, place.region, place.endpoint)
    try:
        verb(Job(cloud, config, place, progress, report))
    except (SlipwayError, *FAILURES) as error:
        report.outcome, report.error = "failed", str(explain(error))
        raise
    except Exception as error:
        report.outcome, report.error = "failed", f"this is a mistake in Slipway ({type(error).__name__})"
        raise
    finally:
        report.steps, report.seconds = progress.steps, round(progress.seconds, 3)
        for untold in notify(chat, topic, report):
            report.notes.append(untold)
            progress.say(untold)
        tell(args, report.to_json(), report.to_markdown())
        if args.output:
            args.output.with_suffix(".svg").write_text(draw(report), encoding="utf-8")


def settings(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """One environment of slipway.toml, checked."""
    if args.mock:
        config.refuse_mock(args.env)
    environment = config.environment(args.env)
    if args.measurable:
        from infra.capacity.plan import refuse_foreign  # noqa: PLC0415

        refuse_foreign(config, args.env)
    told = {
        "name": args.env,
        "platform": environment.platform,
        "vcpus": None if environment.serverless else vcpus(environment.instance_type),
        **environment.model_dump(mode="json"),
    }
    text = json.dumps(told) + "\n"
    tell(args, text, text)


def publish(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Push an OCI layout to ECR."""
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.publish import publish  # noqa: PLC0415

    cloud, _ = _target(args, config)
    layout = read_layout(args.layout)
    done = publish(cloud, config.repository, layout, args.tag, progress, proof=args.proof)
    told = f"pushed {done.bytes_pushed:,} bytes in {done.blobs_pushed} blobs, {done.blobs_skipped} blobs were there"
    tell(args, asdict(done), f"{done.reference}\ntag {done.tag}, {told if done.changed else 'nothing to push'}\n")


def deploy(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Make an image the live release."""
    from infra.release.deploy import Wanted, deploy  # noqa: PLC0415
    from infra.release.invocation import read_sample  # noqa: PLC0415
    from infra.release.names import release  # noqa: PLC0415

    sample = read_sample(args.sample, args.expected)

    def run(job: Job) -> None:
        digest, push = args.digest, None
        if args.regression:
            job.report.regression = json.loads(args.regression.read_text())
        if args.layout:
            from infra.layout import read_layout  # noqa: PLC0415
            from infra.publish import publish  # noqa: PLC0415

            layout, tag = read_layout(args.layout), args.tag or args.git_sha
            digest = layout.digest
            push = partial(publish, job.cloud, config.repository, layout, tag, progress, proof=args.proof)
        wanted = release(config, args.env, digest)
        deploy(job, Wanted(wanted, args.git_sha, sample, args.mock, args.branch, args.wait, push))
        if args.proof and push and not job.report.published:
            # What is live already gets its proof, too.
            job.report.published = push()

    reported(args, config, progress, run)


def promote(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """What is live in the environment before becomes the release of this one."""
    from infra.release.invocation import read_sample  # noqa: PLC0415
    from infra.release.promote import promote  # noqa: PLC0415

    sample = read_sample(args.sample, None)
    reported(args, config, progress, lambda job: promote(job, sample))


def previews(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """The environments of branches; those whose time is over are removed on request."""
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415
    from infra.cloud import Cloud  # noqa: PLC0415
    from infra.release.destroy import destroy  # noqa: PLC0415
    from infra.release.job import Job  # noqa: PLC0415
    from infra.release.previews import place_of, previews, told  # noqa: PLC0415
    from infra.release.report import Report  # noqa: PLC0415

    if args.env not in config.settings.environments or not config.environment(args.env).expires_hours:
        raise InputError(f"{args.env} is no environment with expires_hours, which previews are made after; name one.")
    cloud = Cloud.from_environment(config.region(args.env))
    cloud.check_credentials(timedelta())
    found, removed, left = previews(cloud, config, args.env), list[str](), list[str]()
    for one in (one for one in found if one.expired and args.remove_expired):
        place = place_of(config, args.env, one)
        report = Report("destroy", place.project, place.environment, place.region, place.endpoint)
        try:
            destroy(Job(cloud, config, place, progress, report))
            removed.append(one.environment)
        except (SlipwayError, *FAILURES) as error:
            left.append(f"{one.environment}: {explain(error)}")
    tell(args, *told(args.env, found, removed))
    if left:
        raise RolloutFailed(f"{len(left)} of those whose time is over could not be removed. {' '.join(left)}")


def verify_image(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """What the proof beside a published image says."""
    from infra.registry import open_repository  # noqa: PLC0415
    from infra.release.endpoint import live  # noqa: PLC0415
    from infra.release.names import checked  # noqa: PLC0415
    from infra.supply.proof import prove, read_key  # noqa: PLC0415

    key = read_key(args.public_key) if args.public_key else config.public_key
    if key is None:
        raise InputError(
            "there is no public key to verify with: set signing.public_key in slipway.toml, or give --public-key."
        )
    cloud, place = _target(args, config)
    digest = checked(args.digest) if args.digest else live(cloud.sagemaker, place).digests[0]
    repository = open_repository(cloud, config.repository)
    if repository is None or repository.digest_of(digest) is None:
        raise InputError(f"{digest} is not in the ECR repository {config.repository}; publish it first.")
    proof = prove(repository, digest, key)
    tell(args, asdict(proof), proof.to_markdown())


def status(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """What is live."""
    from infra.release.names import release  # noqa: PLC0415
    from infra.release.status import status  # noqa: PLC0415

    cloud, place = _target(args, config)
    wanted = release(config, args.env, args.digest) if args.digest else None
    found = status(cloud, config, place, wanted)
    tell(args, found.to_dict(), found.to_markdown())


def doctor(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """What is wrong, and what mends it."""
    from infra.doctor.examine import examine, to_markdown  # noqa: PLC0415

    cloud, place = _target(args, config)
    found = examine(cloud, config, place)
    tell(args, [asdict(one) for one in found], to_markdown(place, found))


def logs(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """What the containers wrote."""
    from infra.release.logs import follow, read  # noqa: PLC0415

    cloud, place = _target(args, config)
    lines = list(read(cloud, place, args.since, args.filter))
    tell(args, [asdict(line) for line in lines], "".join(f"{line}\n" for line in lines))
    if args.follow:
        for line in follow(cloud, place, lines, args.filter):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


def history(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """The releases that are kept."""
    from infra.release.status import history  # noqa: PLC0415

    tell(args, *history(*_target(args, config)))


def rollback(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Back to an earlier release."""
    from infra.release.rollback import rollback  # noqa: PLC0415

    reported(args, config, progress, lambda job: rollback(job, args.to))


def pull(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """The live image as a tarball, with the variables of its container."""
    from infra.registry import open_repository  # noqa: PLC0415
    from infra.release.endpoint import live  # noqa: PLC0415
    from infra.skopeo import pull  # noqa: PLC0415

    cloud, place = _target(args, config)
    endpoint = live(cloud.sagemaker, place)
    repository = open_repository(cloud, config.repository)
    if repository is None:
        raise InputError(f"the ECR repository {config.repository} does not exist; name the right one or deploy first.")
    digest = endpoint.digests[0]
    args.tarball.parent.mkdir(parents=True, exist_ok=True)
    pull(repository, digest, args.tarball)
    # Model and endpoint config have the release's name; what the container is told is a part of what is live.
    model = cloud.sagemaker.describe_model(ModelName=endpoint.config)
    variables = model.get("PrimaryContainer", {}).get("Environment", {})
    told = {"digest": digest, "tarball": str(args.tarball), "variables": variables}
    tell(args, told, f"{repository.uri}@{digest}\n")


def invoke(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """Send a picture to the live endpoint."""
    from infra.release.invocation import invoke, read_sample  # noqa: PLC0415
    from infra.release.report import detections_table  # noqa: PLC0415

    sample = read_sample(args.image, None)
    cloud, place = _target(args, config)
    answer = invoke(cloud, config, place, sample)
    mock = " (a mock model)" if answer.is_mock else ""
    found = detections_table(answer.detections) if answer.detections else ["nothing was detected"]
    head = f"{place.endpoint}, build {answer.build[:12]}{mock}, {answer.milliseconds:.0f} ms"
    tell(args, answer.body, "\n".join([head, "", *found]) + "\n")


def destroy(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    """Remove all of an environment."""
    from infra.release.destroy import destroy  # noqa: PLC0415

    reported(args, config, progress, lambda job: destroy(job, args.branch))
