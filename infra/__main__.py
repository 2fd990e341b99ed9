"""`python -m infra VERB …`: publishes images, makes releases, looks at them and takes them back."""

from __future__ import annotations

import argparse
import math
import re
import signal
import sys
import traceback
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from infra import measuring, trying, verbs
from infra.backend.verb import backend
from infra.config import load
from infra.errors import InputError, SlipwayError
from infra.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from infra.config import Config
    from infra.contract.target import Target

INTERRUPTED = 130
FOR_A_BRANCH = ("settings", "publish", "deploy")
WITHOUT_REGION = ("settings", "previews")
PROOF = "folder that `python -m infra.supply sign` wrote, to lie beside the image"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `python -m infra {self.prog.split()[-1]} --help`.")


def _age(text: str) -> timedelta:
    units = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
    match = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if match is None:
        raise InputError(f"--since is {text!r}; write a number and s, m, h or d, such as 30m.")
    return timedelta(**{units[match[2]]: int(match[1])})


def _above_zero(text: str) -> float:
    """A number that can be waited or measured for."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _count(text: str) -> int:
    """A whole number above 0."""
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
    return int(text)


def _server(url: str) -> Target:
    from infra.contract.target import Target  # noqa: PLC0415  (two verbs of many)

    try:
        return Target.of(url, b"")
    except ValueError as error:
        raise InputError(str(error)) from None


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


def _common(one: argparse.ArgumentParser, name: str) -> None:
    """Options that many verbs take."""
    one.add_argument("--env", required=True, help="environment of slipway.toml; PREVIEW/BRANCH for a branch's")
    one.add_argument("--config", type=Path, default=Path("slipway.toml"), help="configuration (default: slipway.toml)")
    one.add_argument("--output", type=Path, help="file for the result as JSON; a rollout is drawn beside it, .svg")
    if name in FOR_A_BRANCH:
        one.add_argument("--branch", default="", help="the branch, for a preview named without one")
    if name not in WITHOUT_REGION:
        one.add_argument("--region", help="one of the environment's regions, instead of all of them")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra", description="Publishes images and releases them to SageMaker.")
    commands = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(
        name: str, run: Callable[[argparse.Namespace, Config, Progress], None], text: str
    ) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run, region=None, hear=None)
        _common(one, name)
        return one

    one = verb(
        "settings",
        verbs.settings,
        "Check one environment; print it, with the platform of its image, as JSON.",
    )
    one.add_argument("--mock", action="store_true", help="refuse an environment that takes no mock model")
    one.add_argument("--measurable", action="store_true", help="refuse an environment that the engine cannot stand for")

    one = verb("publish", verbs.publish, "Push an OCI layout to the environment's ECR repository, keeping its digest.")
    one.add_argument("--layout", type=Path, required=True, help="directory with index.json and blobs/")
    one.add_argument("--tag", required=True, help="tag for people: the git SHA")
    one.add_argument("--proof", type=Path, help=PROOF)

    one = verb("deploy", verbs.deploy, "Make an image the live release of an environment.")
    image = one.add_mutually_exclusive_group(required=True)
    image.add_argument("--digest", help="a published image: sha256:…")
    image.add_argument("--layout", type=Path, help="an OCI layout, published first if it has to be")
    one.add_argument("--git-sha", required=True, help="the commit, for people")
    one.add_argument("--tag", help="tag of the image for people (default: the commit)")
    one.add_argument("--sample", type=Path, required=True, help="picture for the smoke test")
    one.add_argument("--expected", type=Path, help="JSON with the detections to find in it")
    one.add_argument("--mock", action="store_true", help="the image holds a mock model")
    one.add_argument("--wait", action="store_true", help="wait for another deploy instead of being refused")
    one.add_argument("--regression", type=Path, help="what `regress` wrote about this image, for the report")
    one.add_argument("--proof", type=Path, help=PROOF)

    one = verb("verify-image", verbs.verify_image, "Prove signature, provenance and SBOM of a published image.")
    one.add_argument("--digest", help="a published image instead of the live one: sha256:…")
    one.add_argument("--public-key", type=Path, help="PEM file, instead of slipway.toml's signing.public_key")

    one = verb("promote", verbs.promote, "Release the image that is live in the environment before.")
    one.add_argument("--sample", type=Path, required=True, help="picture that both have to answer alike")

    one = verb("previews", verbs.previews, "List the previews that were made after an environment.")
    one.add_argument("--remove-expired", action="store_true", help="destroy those whose time is over")

    verb("history", verbs.history, "List the releases that are kept.")

    one = verb("rollback", verbs.rollback, "Go back to the last good release.")
    one.add_argument("--to", help="digest of the release to go back to, or its beginning")

    one = verb("pull", verbs.pull, "Fetch the live image as an OCI tarball.")
    one.add_argument("--tarball", type=Path, required=True, help="file to write")

    one = verb("invoke", verbs.invoke, "Send a picture to the live endpoint.")
    one.add_argument("--image", type=Path, required=True, help="JPEG, PNG or WebP")

    verb("destroy", verbs.destroy, "Remove the endpoint, configs, models and alarms of an environment.")
    for register in (_looking, _trying, _measuring, _fronting):
        register(verb)
    return parser


def _trying(verb: Callable[..., argparse.ArgumentParser]) -> None:
    split = verb("split", trying.split, "Have a candidate answer a share of the requests, or change its share.")
    split.add_argument("--percent", type=int, required=True, help="of the requests, for the candidate: 1 to 99")
    shadow = verb("shadow", trying.shadow, "Send a candidate copies of the requests, and compare what it finds.")
    shadow.add_argument("--pictures", type=Path, help="folder of pictures to send to the endpoint")
    shadow.add_argument("--requests", type=_count, help="how many to compare (default: as many as are sent)")
    shadow.add_argument("--seconds", type=_above_zero, default=300, help="longest wait for them (default: 300)")
    for one in (split, shadow):
        image = one.add_mutually_exclusive_group(required=True)
        image.add_argument("--digest", help="a published image: sha256:…")
        image.add_argument("--layout", type=Path, help="an OCI layout, published first if it has to be")
        one.add_argument("--git-sha", default="", help="the commit, for people (default: what releases know of it)")
        one.add_argument("--tag", help="tag of the image for people (default: the commit)")
        one.add_argument("--sample", type=Path, required=True, help="picture for the smoke test")
        one.add_argument("--expected", type=Path, help="JSON with the detections to find in it")
        one.add_argument("--mock", action="store_true", help="the image holds a mock model")
        one.add_argument("--proof", type=Path, help=PROOF)

    one = verb("accept", trying.accept, "Make the candidate of a trial the release.")
    one.add_argument("--sample", type=Path, required=True, help="picture for the smoke test")


def _looking(verb: Callable[..., argparse.ArgumentParser]) -> None:
    one = verb("status", verbs.status, "Show what is live.")
    one.add_argument("--digest", help="say what deploying this image would change")

    verb("doctor", verbs.doctor, "Say what is wrong with an environment, and what mends it.")

    one = verb("logs", verbs.logs, "Show what the containers of the endpoint wrote.")
    one.add_argument("--since", type=_age, default=timedelta(hours=1), help="30s, 10m, 2h or 3d ago (default: 1h)")
    one.add_argument("--filter", default="", help="CloudWatch Logs' filter pattern: words that a line must have")
    one.add_argument("--follow", action="store_true", help="go on until interrupted")


def _measuring(verb: Callable[..., argparse.ArgumentParser]) -> None:
    one = verb("capacity", measuring.capacity, "Measure what an instance bears, and price the fleet for a rate.")
    one.add_argument("--url", type=_server, required=True, help="a server that is up: http://image:8080")
    one.add_argument("--sample", type=Path, required=True, help="picture that it is asked for")
    one.add_argument("--rate", required=True, help="requests to bear: 50/s, 3000/min, 100000/h or 1e6/d")
    one.add_argument(
        "--p99-ms", type=_above_zero, default=500, help="longest time of 99 in 100 requests (default: 500)"
    )
    one.add_argument("--headroom", type=float, default=0.3, help="share of an instance that stays free (default: 0.3)")
    one.add_argument("--seconds", type=_above_zero, default=5, help="for each number of clients (default: 5)")

    one = verb("regress", measuring.regress, "Compare an image with the live one, side by side: latency and accuracy.")
    one.add_argument("--old-url", type=_server, required=True, help="the live image, up: http://old:8080")
    one.add_argument("--new-url", type=_server, required=True, help="the next one, up: http://new:8080")
    one.add_argument("--pictures", type=Path, required=True, help="folder; labels in YOLO's format beside them")
    one.add_argument("--seconds", type=_above_zero, default=10, help="to measure the latency for (default: 10)")

    one = verb("prices", measuring.prices, "Read AWS's price list, as a table for slipway.toml.")
    one.add_argument("--list", help="address of it, with {region} (default: AWS's)")


def _fronting(verb: Callable[..., argparse.ArgumentParser]) -> None:
    one = verb(
        "backend", backend, "Release the functions in front of the endpoint, show them, take them back, or remove them."
    )
    one.add_argument("action", choices=("deploy", "status", "rollback", "destroy"))
    one.add_argument("--code", type=Path, default=Path("backend"), help="folder of the functions (default: backend)")


def _run(args: argparse.Namespace, progress: Progress) -> None:
    config = load(args.config)
    if args.verb != "previews":
        args.env, args.branch = config.resolve(args.env, getattr(args, "branch", ""))
    if args.output:
        try:
            args.output.parent.mkdir(parents=True, exist_ok=True)
            args.output.touch()
        except OSError as error:
            raise InputError(f"{args.output} cannot be written: {error.strerror}; name another file.") from None
    # botocore is imported here, so that mistakes in slipway.toml are told at once.
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415

    try:
        if args.region:
            config = config.at(args.env, args.region)
        if args.verb not in WITHOUT_REGION and sum(map(len, config.waves(args.env))) > 1:
            from infra.everywhere import everywhere  # noqa: PLC0415  (most environments have one region)

            everywhere(args, config, progress)
        else:
            args.run(args, config, progress)
    except FAILURES as error:
        raise explain(error) from error


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main())
