"""`python -m infra.stacks VERB`: synth, bootstrap, diff, deploy, drift."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from infra.config import load
from infra.errors import InputError, SlipwayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.stacks.deploy import Deployer

INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `python -m infra.stacks {self.prog.split()[-1]} --help`.")


def main(argv: list[str] | None = None) -> int:
    """Run one verb; its exit code is that of `python -m infra`."""
    try:
        args = _parser().parse_args(argv)
        _run(args)
    except KeyboardInterrupt:
        sys.stderr.write(
            "error: interrupted; CloudFormation goes on with what it has begun, and running the same again picks it "
            "up.\n"
        )
        return INTERRUPTED
    except SlipwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def _run(args: argparse.Namespace) -> None:
    if args.run is _synth:
        _synth(args)
        return
    # botocore is imported here, so that mistakes in the command are told at once.
    from infra.aws_errors import FAILURES, explain  # noqa: PLC0415

    try:
        args.run(args)
    except FAILURES as error:
        raise explain(error) from error


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra.stacks", description="What lasts longer than releases, as CDK stacks.")
    commands = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        one.add_argument(
            "--config", type=Path, default=Path("slipway.toml"), help="configuration (default: slipway.toml)"
        )
        return one

    one = verb("synth", _synth, "Write the cloud assembly of all stacks, for whatever account.")
    one.add_argument("--policies", type=Path, default=Path(".github/aws"), help="folder with the deployer's policies")
    one.add_argument("--output", type=Path, required=True, help="folder to write")
    for name, run, text in (
        ("bootstrap", _bootstrap, "Make what the CDK deploys with, where it is not there yet."),
        ("diff", _diff, "Show how what is deployed differs from an assembly."),
        ("deploy", _deploy, "Deploy the stacks that an environment stands on, and say what really exists then."),
        ("drift", _drift, "Say what was changed past the stacks."),
    ):
        one = verb(name, run, text)
        one.add_argument("--env", required=True, help="environment of slipway.toml")
        one.add_argument("--assembly", type=Path, required=True, help="folder that synth wrote")
        one.add_argument("--output", type=Path, help="file for the result as JSON")
    return parser


def _synth(args: argparse.Namespace) -> None:
    config = load(args.config)
    # The CDK takes seconds to import: mistakes in slipway.toml are told before.
    from infra.stacks.app import synthesise  # noqa: PLC0415

    synthesise(config, args.policies, args.output)


def _deployer(args: argparse.Namespace) -> Deployer:
    from infra.stacks.assembly import Assembly  # noqa: PLC0415
    from infra.stacks.deploy import Deployer  # noqa: PLC0415

    made = Deployer(load(args.config), args.env, Assembly.read(args.assembly), _say)
    for cloud in made.clouds.values():
        cloud.check_credentials(timedelta())
    return made


def _bootstrap(args: argparse.Namespace) -> None:
    made = _deployer(args).bootstrap()
    told = f"the CDK can deploy to {', '.join(made)} now" if made else "the CDK's bootstrap was there already"
    _tell(args, json.dumps(made), told + "\n")


def _diff(args: argparse.Namespace) -> None:
    told = _deployer(args).diff()
    _tell(args, json.dumps({"diff": told}), told)


def _deploy(args: argparse.Namespace) -> None:
    report = _deployer(args).deploy()
    _tell(args, report.to_json(), report.to_markdown())


def _drift(args: argparse.Namespace) -> None:
    """Finding a difference is no failure: what it is worth is for people to say."""
    found = _deployer(args).drift()
    lines = [f"- {one.stack}: {one}" for one in found]
    told = "\n".join(lines) if lines else f"nothing of {args.env} was changed past its stacks"
    _tell(args, json.dumps([asdict(one) for one in found], indent=2), told + "\n")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _tell(args: argparse.Namespace, data: str, text: str) -> None:
    sys.stdout.write(text)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(data)


if __name__ == "__main__":
    sys.exit(main())
