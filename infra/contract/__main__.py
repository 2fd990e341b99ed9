"""Judges an image: `python -m infra.contract --url http://image:8080 --sample FILE`, or `--command "… serve"`.

With --url a running server is judged over HTTP. With --command the server is started here, judged over HTTP, and then
started again and again for the clauses about signals, exit codes and broken models. --profile adds the clauses about
where it will run: they need root, and this process leaves the network for good.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from infra.contract.answers import answers
from infra.contract.aws_lambda import aws_lambda
from infra.contract.clause import BrokenClause, Contract, Verdict
from infra.contract.connections import connections
from infra.contract.kubernetes import kubernetes
from infra.contract.lifetime import ending, lifetime
from infra.contract.process import Command, started
from infra.contract.report import document, junit, table
from infra.contract.sagemaker import sagemaker
from infra.contract.sandbox import NotConfined, leave_the_network
from infra.contract.sources import HOSTING
from infra.contract.target import Target

# What an edit of the code is most likely to break, in about three seconds.
QUICK = (
    *("start", "connect", "ping", "invocation", "identity", "content-types", "unknown-headers", "bad-input", "bomb"),
    *("payload", "paths", "chunked", "keep-alive", "expect-continue", "refusal", "headers", "rudeness"),
    *("ping-under-load", "same-answer", "stop-idle", "wrong-word"),
)
QUICK_LOAD_SECONDS = 0.3

PROFILES: dict[str, Contract[Command]] = {
    "sagemaker": Contract(lifetime, sagemaker),
    "lambda": aws_lambda,
    "kubernetes": kubernetes,
    "all": Contract(lifetime, sagemaker, aws_lambda, kubernetes),
}
OVER_HTTP = ("sagemaker", "all")
"""Profiles that a server, once started, is judged for over HTTP too."""


def main(arguments: list[str]) -> int:
    """Exit code 0 when every clause holds, 1 when one is broken, 2 for wrong arguments."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.profile and not given.command:
        parser.error("--profile starts what it judges: give --command.")
    try:
        picture = Path(given.sample).read_bytes()
    except OSError as error:
        print(f"error: The picture {given.sample} cannot be read ({error.strerror}). Name another.", file=sys.stderr)
        return 2
    try:
        server = Target.of(given.url or "http://127.0.0.1:8080", picture)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    target = replace(
        server,
        max_body=given.max_body,
        clients=given.clients,
        load_seconds=QUICK_LOAD_SECONDS if given.quick else given.load_seconds,
        start_seconds=given.start_seconds,
    )
    clauses = QUICK if given.quick else given.clause
    if given.command:
        try:
            if given.profile:
                leave_the_network()
        except NotConfined as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        command = Command(shlex.split(given.command), Path(given.model), target)
        verdicts = judge_command(command, clauses, given.profile)
    else:
        verdicts = judge_running(target, clauses)
    if not verdicts:
        print("error: None of the clauses named exists. Leave --clause out to see them all.", file=sys.stderr)
        return 2
    print(table(verdicts))
    for path, text in ((given.json, document(verdicts)), (given.junit, junit(verdicts))):
        if path:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
    broken = [verdict for verdict in verdicts if not verdict.holds]
    if broken:
        said = "\n".join(f"- {verdict.name}: {verdict.promise}. {verdict.failure}" for verdict in broken)
        print(f"error: The image breaks {len(broken)} of {len(verdicts)} clauses; mend it:\n{said}", file=sys.stderr)
    return 1 if broken else 0


def judge_running(target: Target, only: Sequence[str] = ()) -> list[Verdict]:
    """Judges a server that runs, over HTTP. One that never gets ready is judged by that clause alone."""
    (first,) = answers.judge(target, ["start"])
    if not first.holds:
        return [first]
    verdicts = [*answers.judge(target, only), *connections.judge(target, only)]
    return [first if verdict.name == "start" else verdict for verdict in verdicts]


def judge_command(command: Command, only: Sequence[str] = (), profile: str | None = None) -> list[Verdict]:
    """Judges a command over HTTP, then how it starts and ends, and where its profile says that it will run."""
    verdicts = judge_started(command, only) if profile in (None, *OVER_HTTP) else []
    if any(verdict.name == "start" and not verdict.holds for verdict in verdicts):
        return verdicts
    return [*verdicts, *(PROFILES[profile] if profile else lifetime).judge(command, only)]


def judge_started(command: Command, only: Sequence[str] = ()) -> list[Verdict]:
    """Starts a server, judges it over HTTP, and stops it."""
    try:
        with started(command) as running:
            running.wait_until_ready()
            return [*judge_running(running.target, only), *ending.judge(running, only)]
    except OSError as error:
        failure = f"The command {shlex.join(command.words)} cannot be started ({error.strerror}). Name one that exists."
        return [Verdict("start", "the command starts", HOSTING, False, 0.0, failure=failure)]
    except BrokenClause as broken:
        return [Verdict("start", "the command starts", HOSTING, False, 0.0, failure=str(broken))]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.contract", description=__doc__)
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument("--url", help="a running server, http://HOST:PORT")
    subject.add_argument("--command", help="a command that serves, ending in `serve`")
    parser.add_argument("--model", default="/opt/ml/model", help="with --command: the model directory it serves")
    parser.add_argument("--sample", required=True, help="a picture that it can be sent")
    parser.add_argument("--junit", help="write the verdicts there as JUnit XML")
    parser.add_argument("--json", help="write the verdicts there as JSON")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true", help="only the clauses that take no time")
    which.add_argument("--profile", choices=PROFILES, help="judge where it will run; needs root")
    parser.add_argument("--clause", action="append", default=[], help="judge only this clause; may be repeated")
    parser.add_argument("--max-body", type=int, default=Target.max_body, help="largest body in bytes (%(default)s)")
    parser.add_argument("--clients", type=int, default=Target.clients, help="clients under full load (%(default)s)")
    parser.add_argument("--load-seconds", type=float, default=Target.load_seconds, help="(%(default)s)")
    parser.add_argument("--start-seconds", type=float, default=Target.start_seconds, help="(%(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
