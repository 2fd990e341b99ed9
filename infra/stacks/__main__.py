"""`python -m infra.stacks VERB`: makes the cloud assembly of the stacks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from infra.config import load
from infra.errors import InputError, SlipwayError

if TYPE_CHECKING:
    from collections.abc import Callable


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `python -m infra.stacks {self.prog.split()[-1]} --help`.")


def main(argv: list[str] | None = None) -> int:
    """Run one verb; its exit code is that of `python -m infra`."""
    try:
        args = _parser().parse_args(argv)
        args.run(args)
    except SlipwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


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
    return parser


def _synth(args: argparse.Namespace) -> None:
    config = load(args.config)
    # The CDK takes seconds to import: mistakes in slipway.toml are told before.
    from infra.stacks.app import synthesise  # noqa: PLC0415

    synthesise(config, args.policies, args.output)


if __name__ == "__main__":
    sys.exit(main())
