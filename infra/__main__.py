"""`python -m infra VERB …`: settings, publish, deploy, status, history, rollback, pull, invoke, destroy."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import traceback
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from infra.config import load
from infra.errors import InputError, SlipwayError
from infra.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.release.job import Job
    from infra.release.names import Place

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `python -m infra {self.prog.split()[-1]} --help`.")


def main(argv: list[str] | None = None) -> int:
    """Run one verb; its exit code."""
    progress = Progress()
    try:
        args = _parser().parse_args(argv)
        _run(args, progress)
    except KeyboardInterrupt:
        sys.stderr.write(
            f"error: interrupted during {progress.current}; what is live stays live, SageMaker goes on with "
            "what it has begun, and running the "
            "same again picks it up.\n"
        )
        return INTERRUPTED
    except SlipwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        sys.stderr.write(f"error: this is a mistake in Slipway ({type(error).__name__}: {error}); please report it.\n")
        return 1
    return 0


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra", description="Publishes images and releases them to SageMaker.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(
        name: str, run: Callable[[argparse.Namespace, Config, Progress], None], text: str
    ) -> argparse.ArgumentParser:
        one = verbs.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        one.add_argument("--env", required=True, help="environment of slipway.toml")
        one.add_argument(
            "--config", type=Path, default=Path("slipway.toml"), help="configuration (default: slipway.toml)"
        )
        one.add_argument("--output", type=Path, help="file for the result as JSON")
        return one

    one = verb(
        "settings",
        _settings,
        "Check one environment; print it, with the platform of its image, as JSON.",
    )
    one.add_argument("--mock", action="store_true", help="refuse an environment that takes no mock model")

    one = verb("publish", _publish, "Push an OCI layout to the environment's ECR repository, keeping its digest.")
    one.add_argument("--layout", type=Path, required=True, help="directory with index.json and blobs/")
    one.add_argument("--tag", required=True, help="tag for people: the git SHA")

    one = verb("deploy", _deploy, "Make an image the live release of an environment.")
    image = one.add_mutually_exclusive_group(required=True)
    image.add_argument("--digest", help="a published image: sha256:…")
    image.add_argument("--layout", type=Path, help="an OCI layout, published first if it has to be")
    one.add_argument("--git-sha", required=True, help="the commit, for people")
    one.add_argument("--sample", type=Path, required=True, help="picture for the smoke test")
    one.add_argument("--expected", type=Path, help="JSON with the detections to find in it")
    one.add_argument("--mock", action="store_true", help="the image holds a mock model")

    one = verb("status", _status, "Show what is live.")
    one.add_argument("--digest", help="say what deploying this image would change")

    verb("history", _history, "List the releases that are kept.")

    one = verb("rollback", _rollback, "Go back to the last good release.")
    one.add_argument("--to", help="digest of the release to go back to, or its beginning")

    one = verb("pull", _pull, "Fetch the live image as an OCI tarball.")
    one.add_argument("--tarball", type=Path, required=True, help="file to write")

    one = verb("invoke", _invoke, "Send a picture to the live endpoint.")
    one.add_argument("--image", type=Path, required=True, help="JPEG, PNG or WebP")

    verb("destroy", _destroy, "Remove the endpoint, configs, models and alarms of an environment.")
    return parser


def _run(args: argparse.Namespace, progress: Progress) -> None:
    config = load(args.config)
    config.environment(args.env)
    if args.output:
        try:
            args.output.parent.mkdir(parents=True, exist_ok=True)
            args.output.touch()
        except OSError as error:
            raise InputError(f"{args.output} cannot be written: {error.strerror}; name another file.") from None
    # botocore is imported here, so that mistakes in slipway.toml are told at once.
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415

    try:
        args.run(args, config, progress)
    except FAILURES as error:
        raise explain(error) from error


def _target(args: argparse.Namespace, config: Config) -> tuple[Cloud, Place]:
    from infra.cloud import Cloud  # noqa: PLC0415
    from infra.release.names import place  # noqa: PLC0415

    where = place(config, args.env)
    cloud = Cloud.from_environment(where.region)
    cloud.check_credentials(timedelta())
    return cloud, where


def _tell(args: argparse.Namespace, data: Any, text: str) -> None:
    sys.stdout.write(text)
    if args.output:
        args.output.write_text(data if isinstance(data, str) else json.dumps(data, indent=2) + "\n")


def _reported(args: argparse.Namespace, config: Config, progress: Progress, verb: Callable[[Job], None]) -> None:
    """Run a verb that changes the world; its report is written whatever happens."""
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415
    from infra.release.job import Job  # noqa: PLC0415
    from infra.release.report import Report  # noqa: PLC0415

    cloud, place = _target(args, config)
    report = Report(args.verb, place.project, place.environment, place.region, place.endpoint)
    try:
        verb(Job(cloud, config, place, progress, report))
    except (SlipwayError, *FAILURES) as error:
        report.outcome, report.error = "failed", str(explain(error))
        raise
    finally:
        report.steps, report.seconds = progress.steps, round(progress.seconds, 3)
        _tell(args, report.to_json(), report.to_markdown())


def _settings(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    if args.mock:
        config.refuse_mock(args.env)
    environment = config.environment(args.env)
    text = json.dumps({**environment.model_dump(mode="json"), "platform": environment.platform}) + "\n"
    _tell(args, text, text)


def _publish(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.publish import publish  # noqa: PLC0415

    cloud, _ = _target(args, config)
    layout = read_layout(args.layout)
    done = publish(cloud, config.repository, layout, args.tag, progress)
    told = f"pushed {done.bytes_pushed:,} bytes in {done.blobs_pushed} blobs, {done.blobs_skipped} blobs were there"
    _tell(args, asdict(done), f"{done.reference}\ntag {done.tag}, {told if done.changed else 'nothing to push'}\n")


def _deploy(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    from infra.release.deploy import Wanted, deploy  # noqa: PLC0415
    from infra.release.names import release  # noqa: PLC0415
    from infra.release.smoke import read_sample  # noqa: PLC0415

    sample = read_sample(args.sample, args.expected)

    def run(job: Job) -> None:
        digest, push = args.digest, None
        if args.layout:
            from infra.layout import read_layout  # noqa: PLC0415
            from infra.publish import publish  # noqa: PLC0415

            layout = read_layout(args.layout)
            digest, push = layout.digest, partial(publish, job.cloud, config.repository, layout, args.git_sha, progress)
        deploy(job, Wanted(release(config, args.env, digest), args.git_sha, sample, args.mock, push))

    _reported(args, config, progress, run)


def _status(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    from infra.release.names import release  # noqa: PLC0415
    from infra.release.status import status  # noqa: PLC0415

    cloud, place = _target(args, config)
    wanted = release(config, args.env, args.digest) if args.digest else None
    found = status(cloud, config, place, wanted)
    _tell(args, found.to_dict(), found.to_markdown())


def _history(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    from infra.release.status import history  # noqa: PLC0415

    _tell(args, *history(*_target(args, config)))


def _rollback(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    from infra.release.rollback import rollback  # noqa: PLC0415

    _reported(args, config, progress, lambda job: rollback(job, args.to))


def _pull(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    from infra.registry import open_repository  # noqa: PLC0415
    from infra.release.endpoint import look  # noqa: PLC0415
    from infra.skopeo import pull  # noqa: PLC0415

    cloud, place = _target(args, config)
    endpoint = look(cloud.sagemaker, place.endpoint)
    repository = open_repository(cloud, config.repository)
    if endpoint is None:
        raise InputError(f"nothing is live in {args.env}: there is no endpoint {place.endpoint}; deploy first.")
    if not endpoint.digests:
        raise InputError(
            f"nothing is live in {args.env}: {place.endpoint} is {endpoint.status} and runs no image yet; see status."
        )
    if repository is None:
        raise InputError(f"the ECR repository {config.repository} does not exist; name the right one or deploy first.")
    digest = endpoint.digests[0]
    args.tarball.parent.mkdir(parents=True, exist_ok=True)
    pull(repository, digest, args.tarball)
    # Model and endpoint config have the release's name; what the container is told is a part of what is live.
    model = cloud.sagemaker.describe_model(ModelName=endpoint.config)
    variables = model.get("PrimaryContainer", {}).get("Environment", {})
    told = {"digest": digest, "tarball": str(args.tarball), "variables": variables}
    _tell(args, told, f"{repository.uri}@{digest}\n")


def _invoke(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    from infra.release.report import detections_table  # noqa: PLC0415
    from infra.release.smoke import invoke, read_sample  # noqa: PLC0415

    sample = read_sample(args.image, None)
    cloud, place = _target(args, config)
    answer = invoke(cloud, place.endpoint, sample, config.settings.payload_limit_mb)
    mock = " (a mock model)" if answer.is_mock else ""
    found = detections_table(answer.detections) if answer.detections else ["nothing was detected"]
    head = f"{place.endpoint}, build {answer.build[:12]}{mock}, {answer.milliseconds:.0f} ms"
    _tell(args, answer.body, "\n".join([head, "", *found]) + "\n")


def _destroy(args: argparse.Namespace, config: Config, progress: Progress) -> None:
    from infra.release.destroy import destroy  # noqa: PLC0415

    _reported(args, config, progress, destroy)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
