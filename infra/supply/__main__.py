"""`python -m infra.supply VERB …`: timeless, compare, sbom, scan, licenses, provenance, sign."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from infra.errors import InputError, SlipwayError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Report(Protocol):
    def to_dict(self) -> dict[str, Any]: ...
    def to_markdown(self) -> str: ...
    def gate(self) -> None: ...


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `python -m infra.supply {self.prog.split()[-1]} --help`.")


def main(argv: list[str] | None = None) -> int:
    """Run one verb; its exit code: 0, 2 wrong input, 3 a gate is closed or two builds differ, 6 no advisories."""
    try:
        args = _parser().parse_args(argv)
        args.run(args)
    except SlipwayError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m infra.supply", description="What is in an image, and the proof of it.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, run: Callable[[argparse.Namespace], None], text: str, *options: str) -> None:
        one = verbs.add_parser(name, help=text, description=text)
        one.set_defaults(run=run)
        for option in options:
            kind, text = _OPTIONS[option]
            one.add_argument(
                f"--{option}", type=kind, required=option not in ("database", "fail-on", "output"), help=text
            )

    verb("timeless", _timeless, "Take the times out of an image's configuration, in place.", "layout")
    verb("compare", _compare, "Prove that two builds are the same image.", "layout", "other")
    verb("sbom", _sbom, "Write the SBOM of an image as CycloneDX 1.6.", "root", "layout", "name", "output")
    verb("scan", _scan, "Report known vulnerabilities; fail at a severity.", *_SCAN)
    verb("licenses", _licenses, "Report licences; fail where one is refused.", "sbom", "config", "output")
    verb("provenance", _provenance, "Write where an image comes from (SLSA v1).", *_PROVENANCE)
    verb("sign", _sign, "Sign an image, its provenance and with it its SBOM.", *_SIGN)
    return parser


_OPTIONS: dict[str, tuple[Callable[[str], Any], str]] = {
    "layout": (Path, "OCI layout of the image"),
    "other": (Path, "OCI layout of another build"),
    "root": (Path, "file system of the image"),
    "name": (str, "name of the image"),
    "sbom": (Path, "SBOM that `sbom` wrote"),
    "config": (Path, "slipway.toml"),
    "database": (Path, "folder with advisories, instead of asking OSV"),
    "fail-on": (str, "none, unknown, low, medium, high or critical, instead of slipway.toml's"),
    "locks": (Path, "folder with lock files"),
    "commit": (str, "commit that was built"),
    "builder": (str, "URI of who built it"),
    "provenance": (Path, "statement that `provenance` wrote"),
    "key": (Path, "private key, PEM"),
    "output": (Path, "file or folder to write"),
}
_SCAN = ("sbom", "config", "database", "fail-on", "output")
_PROVENANCE = ("root", "layout", "name", "sbom", "locks", "commit", "builder", "output")
_SIGN = ("layout", "name", "sbom", "provenance", "key", "output")


def _timeless(args: argparse.Namespace) -> None:
    from infra.supply.timeless import timeless  # noqa: PLC0415

    sys.stdout.write(f"{timeless(args.layout)}\n")


def _compare(args: argparse.Namespace) -> None:
    from infra.supply.compare import compare  # noqa: PLC0415

    sys.stdout.write(f"{compare(args.layout, args.other)}\n")


def _sbom(args: argparse.Namespace) -> None:
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.supply.inventory import take  # noqa: PLC0415
    from infra.supply.sbom import bill  # noqa: PLC0415

    _write(args, bill(take(args.root), args.name, read_layout(args.layout).digest))


def _scan(args: argparse.Namespace) -> None:
    from infra.config import load  # noqa: PLC0415
    from infra.supply import sbom  # noqa: PLC0415
    from infra.supply.scan import scan, severity  # noqa: PLC0415

    fail_on = severity(args.fail_on) if args.fail_on else None
    report = scan(sbom.read(args.sbom), load(args.config), args.database, fail_on, datetime.now(UTC))
    _tell(args, report)


def _licenses(args: argparse.Namespace) -> None:
    from infra.config import load  # noqa: PLC0415
    from infra.supply import sbom  # noqa: PLC0415
    from infra.supply.licenses import judge  # noqa: PLC0415

    _tell(args, judge(sbom.read(args.sbom), load(args.config)))


def _provenance(args: argparse.Namespace) -> None:
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.supply.inventory import inputs_of  # noqa: PLC0415
    from infra.supply.provenance import Origin, statement  # noqa: PLC0415

    locks = tuple(sorted(path for path in args.locks.iterdir() if path.is_file()))
    origin = Origin(args.builder, args.commit, locks)
    told = statement(args.name, read_layout(args.layout).digest, origin, inputs_of(args.root), args.sbom.read_bytes())
    _write(args, json.dumps(told, indent=1) + "\n")


def _sign(args: argparse.Namespace) -> None:
    from infra.layout import read_layout  # noqa: PLC0415
    from infra.supply import cosign  # noqa: PLC0415
    from infra.supply.keys import private_key, public_pem  # noqa: PLC0415

    try:
        key = private_key(args.key.read_bytes())
    except OSError as error:
        raise InputError(f"the signing key cannot be read: {error.strerror}; name another file.") from None
    digest = read_layout(args.layout).digest
    made = {
        "sbom": cosign.bill(args.sbom.read_bytes()),
        "att": cosign.attestation(key, json.loads(args.provenance.read_bytes())),
        "sig": cosign.signature(key, args.name, digest),
    }
    for kind, layer in made.items():
        cosign.write(args.output / kind, layer)
    (args.output / cosign.PUBLIC_KEY).write_bytes(public_pem(key))


def _tell(args: argparse.Namespace, report: _Report) -> None:
    """The report goes out whether the gate is open or not."""
    sys.stdout.write(report.to_markdown())
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(report.to_dict(), indent=1) + "\n")
    report.gate()


def _write(args: argparse.Namespace, text: str) -> None:
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    sys.exit(main())
