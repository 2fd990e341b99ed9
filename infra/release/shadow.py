"""What a shadow found beside the live release: read from S3, compared picture by picture, judged by [gates]."""

from __future__ import annotations

import hashlib
import json
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from botocore.exceptions import ClientError, HTTPClientError

from infra.errors import RolloutFailed
from infra.regress.accuracy import Agreement, agreement, match
from infra.regress.gates import Gate, judge
from infra.regress.latency import Latency, summarize
from infra.release.findings import Detection, read
from infra.release.names import VARIANT
from infra.release.report import table
from infra.release.smoke import UNSURE
from infra.release.trials import CANDIDATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.regress.pictures import Picture
    from infra.regress.settings import Gates
    from infra.release.job import Job
    from infra.release.trials import Trial

_PAUSE = 1.0  # seconds between two looks into S3
_LISTED = 20  # disagreements that people are told; JSON has all


@dataclass(frozen=True)
class Captured:
    """One captured request of one variant: `key` is what it was called by the client, or a hash of what was sent."""

    key: str
    line: str
    answer: dict[str, Any]

    @property
    def milliseconds(self) -> float | None:
        """How long the container took, by its own account."""
        total = self.answer.get("timings_ms", {}).get("total")
        return float(total) if total else None


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


def send(job: Job, pictures: Sequence[Picture]) -> int:
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


def compare(job: Job, trial: Trial, wanted: int, seconds: float) -> Comparison:
    """Wait until so many requests are there from both, or the time is up; RolloutFailed where there is none by then."""
    deadline, told = time.monotonic() + seconds, -1
    while True:
        live, candidate = (_captured(job, trial, variant) for variant in (VARIANT, CANDIDATE))
        pairs = list(pairs_of(live, candidate))
        if len(pairs) != told:
            told = len(pairs)
            job.progress.say(f"{told} of {wanted} requests are answered by both")
        over = time.monotonic() > deadline
        if len(pairs) >= wanted or over:
            break
        time.sleep(_PAUSE)
    if not pairs:
        raise RolloutFailed(
            f"no request was answered by both within {seconds:.0f} s: {len(live)} by the live release, "
            f"{len(candidate)} by the candidate, as {trial.captured} says. Send some, look at the candidate's logs, or "
            "at whether the role may write there."
        )
    missing = len(live) - len(pairs) if over and trial.percent == 100 else 0
    settings = job.config.settings
    return judged(pairs, missing, settings.gates, UNSURE + settings.smoke.score_tolerance)


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


def pairs_of(live: list[Captured], candidate: list[Captured]) -> Iterator[tuple[Captured, Captured]]:
    """Answers to the same request; one that was sent twice is paired in the order in which it was kept."""
    waiting: defaultdict[str, deque[Captured]] = defaultdict(deque)
    for one in candidate:
        waiting[one.key].append(one)
    for one in live:
        if waiting[one.key]:
            yield one, waiting[one.key].popleft()


def _captured(job: Job, trial: Trial, variant: str) -> list[Captured]:
    """What is kept of a variant, oldest first (developer guide, "Capture data from real-time endpoint")."""
    prefix = f"{trial.captured}/{job.place.endpoint}/{variant}/"
    bucket, _, folder = prefix.removeprefix("s3://").partition("/")
    pages = job.cloud.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    found = []
    for key in sorted(keys):
        body = job.cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
        for text in body.splitlines():
            told = json.loads(text)
            data, about = told["captureData"], told["eventMetadata"]
            sent = hashlib.sha256(data["endpointInput"]["data"].encode()).hexdigest()[:12]
            found.append(
                Captured(
                    key=about.get("inferenceId") or f"sha256:{sent}",
                    line=f"s3://{bucket}/{key} {about['eventId']}",
                    answer=json.loads(data["endpointOutput"]["data"]),
                )
            )
    return found
