"""What is seen of a rollout while it is waited for: stages, the new release's share of the traffic, alarms, answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from infra.aws_errors import FAILURES
from infra.errors import SlipwayError
from infra.release.invocation import Sample, invoke

if TYPE_CHECKING:
    from infra.release.endpoint import Endpoint
    from infra.release.job import Job
    from infra.settings import Rollout

MOST: Final = 1000
"""Moments that are kept; of more, every second one goes."""


@dataclass(frozen=True)
class Moment:
    """One look at the endpoint: seconds since the verb began, and what was seen.

    `share` is the new release's part of the traffic in percent, by the stage and the settings of the rollout; SageMaker
    does not tell it. `milliseconds` and `build` are of a picture that was sent then, None and empty where none was or
    it was not answered. `alarms` are the names of those that ring.
    """

    seconds: float
    status: str
    stage: str
    share: float
    milliseconds: float | None = None
    build: str = ""
    alarms: tuple[str, ...] = ()


@dataclass
class Recorder:
    """Writes moments into the report, as seen by its release; `sample` is sent at each, if it is given.

    `full` is the percentage of the traffic that the release has when the rollout is over: less where it is on trial.
    """

    job: Job
    rollout: Rollout
    sample: Sample | None = None
    full: float = 100.0
    _bakes: list[datetime] = field(default_factory=list)

    def see(self, endpoint: Endpoint) -> str:
        """Remember the endpoint as it is now; how much of the traffic has moved, and how long it is still watched."""
        moments = self.job.report.rollout
        if endpoint.baking and endpoint.baking not in self._bakes:
            self._bakes.append(endpoint.baking)
        milliseconds, build = self._ask() if endpoint.digests else (None, "")
        moments.append(
            Moment(
                round(self.job.progress.seconds, 2),
                endpoint.status,
                endpoint.stage,
                self._share(endpoint),
                milliseconds,
                build,
                self._ringing(),
            )
        )
        if len(moments) > MOST:
            del moments[1::2]
        if endpoint.status != "Updating" or not self.rollout.bake_seconds:
            return ""
        baked = (datetime.now(UTC) - endpoint.baking).total_seconds() if endpoint.baking else 0.0
        seconds = left(self.rollout, len(self._bakes), baked)
        return f" · {moments[-1].share:.0f} % of the traffic moved, to be watched for {seconds:.0f} s more"

    def _share(self, endpoint: Endpoint) -> float:
        ours = self.job.report.release
        if not endpoint.moving:
            return self.full if endpoint.config == ours and endpoint.status == "InService" else 0.0
        if endpoint.config == endpoint.target == ours:
            return self.full
        moved = share(self.rollout, len(self._bakes)) / 100 if endpoint.status == "Updating" else 0.0
        left = moved if endpoint.target == ours else 1 - moved if endpoint.config == ours else 0.0
        return self.full * left

    def _ask(self) -> tuple[float | None, str]:
        if self.sample is None:
            return None, ""
        try:
            answer = invoke(self.job.cloud, self.job.config, self.job.place, self.sample)
        except (SlipwayError, *FAILURES):
            return None, ""
        return answer.milliseconds, answer.build

    def _ringing(self) -> tuple[str, ...]:
        if not self.job.report.alarms:
            return ()
        told = self.job.cloud.cloudwatch.describe_alarms(AlarmNames=list(self.job.report.alarms))
        return tuple(alarm["AlarmName"] for alarm in told["MetricAlarms"] if alarm["StateValue"] == "ALARM")


def recorder(job: Job, sample: Sample) -> Recorder:
    """Sends the smoke test's picture only where traffic moves in steps or is baked, and answers come at once.

    Elsewhere there is nothing to see between the old release and the new one.
    """
    one = job.settings
    gradual = one.rollout.type != "all-at-once" or one.rollout.bake_seconds > 0
    return Recorder(job, one.rollout, sample if gradual and not one.serverless and not one.asynchronous else None)


def share(rollout: Rollout, bakes: int) -> float:
    """Percent of the traffic that the new fleet has once it has begun to bake for the `bakes`-th time.

    SageMaker developer guide, "Use canary traffic shifting" and "Use linear traffic shifting": each move of traffic is
    followed by a baking period.
    """
    if not bakes:
        return 0.0
    percent = rollout.percent or 100
    if rollout.type == "linear":
        return float(min(100, percent * bakes))
    return float(percent) if rollout.type == "canary" and bakes == 1 else 100.0


def left(rollout: Rollout, bakes: int, baked: float) -> float:
    """Seconds for which the new fleet will still be watched, in its `bakes`-th baking period since `baked` seconds."""
    periods = {"canary": 2, "linear": math.ceil(100 / (rollout.percent or 100))}.get(rollout.type, 1)
    now = max(0.0, rollout.bake_seconds - baked) if bakes else 0.0
    return (periods - bakes) * rollout.bake_seconds + now
