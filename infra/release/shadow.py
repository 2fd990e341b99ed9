"""What a shadow found beside the live release: read from S3, compared picture by picture, judged by [gates]."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from botocore.exceptions import ClientError, HTTPClientError

from infra.errors import RolloutFailed
from infra.regress.accuracy import Agreement, agreement, match
from infra.regress.gates import Gate, judge
from infra.regress.latency import Latency, summarize
from infra.release.captures import Captured, Captures, pairs_of
from infra.release.findings import Detection, read
from infra.release.names import VARIANT
from infra.release.report import table
from infra.release.smoke import UNSURE
from infra.release.trials import CANDIDATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.regress.pictures import Picture
    from infra.regress.settings import Gates
    from infra.release.job import Job
    from infra.release.trials import Trial

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0  # seconds between two looks into S3
_LISTED = 20  # disagreements that people are told; JSON has all


@dataclass(frozen=True)
class Disagreement:
    """A picture in which the two found something else: its key, where both lie in S3, and what only one has."""

    key: str
    line: str
    live_alone: tuple[str, ...]
    candidate_alone: tuple[str, ...]
    score_difference: float


@dataclass(frozen=True)
class Comparison:
    """Both side by side; `unanswered` requests were copied, and the candidate gave no answer to keep."""

    requests: int
    unanswered: int
    agreement: Agreement
    latency: Latency | None
    gates: tuple[Gate, ...]
    disagreements: tuple[Disagreement, ...]

    @property
    def closed(self) -> str:
        """The sentence of each gate that is closed."""
        return "; ".join(f"{one.sentence} (limit {one.name} = {one.limit:g})" for one in self.gates if not one.open)

    def to_markdown(self) -> str:
        """For people."""
        verdicts = [(one.verdict, one.name, f"{one.limit:g}", one.sentence) for one in self.gates]
        lines = ["", *table(("gate", "", "limit", "measured"), verdicts), ""]
        lines.append(f"- {self.requests} requests compared, {self.agreement.shared} objects found by both")
        for one in self.disagreements[:_LISTED]:
            alone = [f"live alone {', '.join(one.live_alone)}"] if one.live_alone else []
            alone += [f"candidate alone {', '.join(one.candidate_alone)}"] if one.candidate_alone else []
            alone += [f"scores differ by {one.score_difference:.3f}"] if one.score_difference else []
            lines.append(f"- `{one.key}`: {'; '.join(alone)} ({one.line})")
        if more := len(self.disagreements) - _LISTED:
            lines += [f"- and {more} more, see the report's JSON"] if more > 0 else []
        return "\n".join(lines) + "\n"


def compare(job: Job, trial: Trial, pictures: Sequence[Picture], requests: int | None, seconds: float) -> Comparison:
    """Send pictures, and compare all that both have answered since the trial began.

    Waits for so many requests, unless told for what was sent; RolloutFailed where there is none when the time is up.
    """
    captures = Captures(job.cloud.s3, trial.captured, job.place.endpoint)
    already = len(list(pairs_of(captures.of(VARIANT), captures.of(CANDIDATE))))
    sent = _send(job, pictures)
    # A share of what was sent is copied; of few it may be less than that share.
    wanted = requests or max(1, already + sent * trial.percent // (100 if trial.percent == 100 else 200))
    deadline, pause, told = time.monotonic() + seconds, _FIRST_PAUSE, -1
    while True:
        live, candidate = captures.of(VARIANT), captures.of(CANDIDATE)
        pairs = list(pairs_of(live, candidate))
        if len(pairs) != told:
            told = len(pairs)
            job.progress.say(f"{told} of {wanted} requests are answered by both")
        over = time.monotonic() > deadline
        if len(pairs) >= wanted or over:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
    if not pairs:
        raise RolloutFailed(
            f"no request was answered by both within {seconds:.0f} s: {len(live)} by the live release, "
            f"{len(candidate)} by the candidate, as {trial.captured} says. Send some, look at the candidate's logs, or "
            "at whether the role may write there."
        )
    missing = len(live) - len(pairs) if over and trial.percent == 100 else 0
    settings = job.config.settings
    return judged(pairs, missing, settings.gates, UNSURE + settings.smoke.score_tolerance)


def _send(job: Job, pictures: Sequence[Picture]) -> int:
    """Ask the endpoint for pictures, each once, called by its name; how many were answered."""
    answered = 0
    for picture in pictures:
        try:
            job.cloud.runtime.invoke_endpoint(
                EndpointName=job.place.endpoint,
                ContentType=picture.content_type,
                Accept="application/json",
                InferenceId=picture.name.encode("ascii", "replace").decode()[-64:],
                Body=picture.data,
            )
            answered += 1
        except (ClientError, HTTPClientError) as error:
            job.progress.say(f"{picture.name} was not answered: {error}")
    return answered


def judged(pairs: list[tuple[Captured, Captured]], unanswered: int, limits: Gates, surely: float) -> Comparison:
    """The gates of slipway.toml for what both answered; a finding counts from the score `surely` on."""
    found = [(read(live.answer), read(candidate.answer)) for live, candidate in pairs]
    agreed = agreement(found, surely)
    times = [(live.milliseconds, candidate.milliseconds) for live, candidate in pairs]
    known = [(a / 1000, b / 1000) for a, b in times if a and b]
    latency = summarize(np.asarray(known)) if known else None
    gates = judge(limits, latency, agreed, None, same_model=False)
    share = unanswered / (len(pairs) + unanswered)
    said = f"{unanswered} of {len(pairs) + unanswered} requests got no answer from the candidate"
    gates.append(Gate("unanswered", round(share, 4), limits.disagreement, share <= limits.disagreement, said))
    listed = [
        one
        for pair, both in zip(pairs, found, strict=True)
        if (one := _disagreement(pair, both, surely, limits.score_difference))
    ]
    return Comparison(len(pairs), unanswered, agreed, latency, tuple(gates), tuple(listed))


def _disagreement(
    pair: tuple[Captured, Captured],
    both: tuple[Sequence[Detection], Sequence[Detection]],
    surely: float,
    tolerance: float,
) -> Disagreement | None:
    shared = match(*both)
    paired = {id(one) for two in shared for one in two}
    alone = [
        tuple(f"{one.label} {one.score:.2f}" for one in side if id(one) not in paired and one.score > surely)
        for side in both
    ]
    difference = max([0.0, *(abs(a.score - b.score) for a, b in shared)])
    if not any(alone) and difference <= tolerance:
        return None
    return Disagreement(pair[0].key, pair[0].line, alone[0], alone[1], difference if difference > tolerance else 0.0)
