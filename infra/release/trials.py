"""Trials: a candidate beside the live release, on the same endpoint.

In a split it answers a share of the requests; as a shadow it is sent copies, and its answers are kept, never given. A
trial has an endpoint config of its own, which is no release: rollback goes past it, to the release that it began from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import ClientError

from infra.aws_errors import FAILURES, explain
from infra.errors import InputError, Refused, RolloutFailed, SlipwayError, WorldChanged
from infra.release import difference, generations, names
from infra.release.account import costs
from infra.release.deploy import Wanted, deploy
from infra.release.endpoint import look
from infra.release.invocation import Sample, invoke
from infra.release.kinds import require_bucket
from infra.release.names import VARIANT
from infra.release.preflight import preflight
from infra.release.prune import clear
from infra.release.recording import Recorder
from infra.release.rollout import (
    ALL_AT_ONCE,
    create_config,
    create_model,
    finish,
    refuse_stranger,
    start,
)
from infra.release.smoke import judge
from infra.release.verify import verify, verify_variants
from infra.settings import Rollout

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.release.endpoint import Endpoint
    from infra.release.generations import Generation
    from infra.release.job import Job
    from infra.release.names import Release

Kind = Literal["split", "shadow"]
CANDIDATE = "candidate"
"""Name of the candidate's variant."""


@dataclass(frozen=True)
class Trial:
    """A candidate and the release it is tried against; `percent` of the requests go to the candidate, or are copied."""

    kind: Kind
    base: Generation
    candidate: Release
    percent: int
    capture: str = ""

    @property
    def name(self) -> str:
        """Name of the endpoint config. A split's share is not in it: it is moved without a new one."""
        more = [self.percent, self.capture] if self.kind == "shadow" else []
        told = json.dumps([self.kind, self.base.name, self.candidate.name, *more])
        place, digest = self.candidate.place, self.candidate.digest.removeprefix("sha256:")
        return f"{place.endpoint}-{digest[:12]}-{hashlib.sha256(told.encode()).hexdigest()[:8]}"

    @property
    def captured(self) -> str:
        """The place in S3 that answers of both are kept in."""
        return f"{self.capture.rstrip('/')}/{self.name}"


def begin(job: Job, kind: Kind, wanted: Wanted, percent: int) -> Trial:
    """Bring the candidate up beside the live release, or move its share; the live release answers all the time.

    Raises InputError where nothing is live, Refused where another trial is under way, RolloutFailed where the candidate
    does not come up or fails its smoke test: it is gone then.
    """
    with job.progress.step("plan"):
        endpoint, trial, proven = _plan(job, kind, wanted.release, percent)
        job.report.digest, job.report.release, job.report.git_sha = wanted.release.digest, trial.name, wanted.git_sha
        job.report.previous = trial.base.name
        what = f"{percent} % of the requests {'go to' if kind == 'split' else 'are copied to'} {wanted.release.name}"
        job.report.plan = f"{kind}: {what}, {trial.base.name} {'answers the others' if kind == 'split' else 'answers'}"
        job.progress.say(job.report.plan)
    if endpoint.config == trial.name and proven:
        _move(job, trial, endpoint)
        return trial
    if trial.name in (endpoint.config, endpoint.target):
        job.report.skipped.append("preflight: this trial is under way already")
    else:
        _create(job, trial, wanted)
    with job.progress.step("rollout"):
        # A shadow gets copies, and none of the traffic.
        ended = finish(job, Recorder(job, Rollout(), full=float(percent) if kind == "split" else 0.0))
    with job.progress.step("verify"):
        _or_back(job, trial, lambda: _verify(ended, trial))
        if tried := difference.live(job.sagemaker, trial.name):
            costs(job, difference.live(job.sagemaker, trial.base.name), tried)
        job.progress.say(f"{trial.name} is live: {what}")
    if kind == "split":
        with job.progress.step("smoke"):
            _or_back(job, trial, lambda: _smoke(job, wanted))
    generations.mark(job.sagemaker, ended.config_arn(trial.name), "live")
    job.report.outcome, job.report.changed = "done", True
    return trial


def _create(job: Job, trial: Trial, wanted: Wanted) -> None:
    """Have SageMaker bring the candidate up."""
    if wanted.publish:
        job.report.published = wanted.publish()
    with job.progress.step("preflight"):
        checked = preflight(job, wanted.release, git_sha=wanted.git_sha, mock=wanted.mock)
        if trial.capture:
            require_bucket(job, trial.capture, "shadow", "capture")
    with job.progress.step("rollout"):
        tags = generations.tags(wanted.release, wanted.git_sha)
        create_model(job, wanted.release, checked, tags)
        more = {
            "trial": trial.kind,
            "base": trial.base.name,
            "candidate": wanted.release.name,
            "mock": str(wanted.mock),
        }
        marks: Any = [{"Key": f"slipway:{key}", "Value": value} for key, value in more.items()]
        create_config(job, trial.name, [*tags, *marks], **_described(job, trial))
        _or_back(job, trial, lambda: start(job, trial.name, None))


def accept(job: Job, sample: Sample) -> None:
    """Make the candidate of the trial that is live the release; a split's answers to the sample as it did.

    Raises InputError where there is no trial, or slipway.toml has changed since it began.
    """
    trial, _ = current(job)
    wanted = names.release(job.config, job.place.environment, trial.digest)
    if wanted.name != trial.candidate:
        raise InputError(
            f"{trial.candidate} was tried, and as slipway.toml is now {wanted.name} would be released; begin the trial "
            "anew, or bring slipway.toml back."
        )
    if trial.trial == "split":
        answer = invoke(job.cloud, job.config, job.place, sample, CANDIDATE)
        sample = replace(sample, expected=answer.detections)
    deploy(job, Wanted(wanted, trial.git_sha, sample, trial.mock))


def current(job: Job) -> tuple[Generation, Endpoint]:
    """The trial that is live, and the endpoint; InputError if there is none."""
    endpoint = look(job.sagemaker, job.place.endpoint)
    found = _known(job, endpoint) if endpoint else None
    if endpoint is None or found is None or not found.trial:
        raise InputError(
            f"there is no trial in {job.place.environment}; begin one with split or shadow, or see `status`."
        )
    return found, endpoint


def _plan(job: Job, kind: Kind, candidate: Release, percent: int) -> tuple[Endpoint, Trial, bool]:
    """The endpoint, the trial, and whether it is live and has proven itself."""
    environment, settings = job.place.environment, job.settings
    for name in ("serverless", "asynchronous"):
        if getattr(settings, name):
            raise Refused(
                f"{job.config.where('environments', environment, name)}: a {name} endpoint has one variant, so nothing "
                "can be tried beside it; deploy to another environment and compare there."
            )
    endpoint = look(job.sagemaker, job.place.endpoint)
    if endpoint is None or endpoint.status == "Failed":
        raise InputError(f"nothing is live in {environment} that a candidate could be tried against; deploy first.")
    refuse_stranger(job, endpoint)
    live = _known(job, endpoint)
    against = live.against if live else ""
    base = next((one for one in generations.generations(job.sagemaker, job.place) if one.name == against), None)
    if base is None or not base.good:
        raise InputError(f"{endpoint.config} is live and has not passed its smoke test; deploy it first.")
    if base.name == candidate.name:
        raise InputError(f"{candidate.digest} is live in {environment} already, with this configuration.")
    capture = settings.shadow.capture if settings.shadow and kind == "shadow" else ""
    trial = Trial(kind, base, candidate, percent, capture)
    if live and live.trial and live.name != trial.name:
        raise Refused(
            f"a trial is under way in {environment}: {live.trial} with {live.digest} (git {live.git_sha}); end it "
            "first, with accept or rollback."
        )
    if endpoint.moving and trial.name not in (endpoint.config, endpoint.target):
        raise WorldChanged(
            f"endpoint {endpoint.name} is {endpoint.status} with {endpoint.target}; wait until that is over (`status` "
            "shows it) and run again."
        )
    return endpoint, trial, bool(live and live.trial and live.live and not endpoint.moving)


def _known(job: Job, endpoint: Endpoint) -> Generation | None:
    """What is live, if it is ours."""
    arn = endpoint.config_arn(endpoint.config)
    return generations.read(job.place, endpoint.config, arn, generations.read_tags(job.sagemaker, arn))


def _described(job: Job, trial: Trial) -> dict[str, Any]:
    """CreateEndpointConfig's variants: the live one as it is, and the candidate's beside it."""
    told = job.sagemaker.describe_endpoint_config(EndpointConfigName=trial.base.name)
    live = dict(told["ProductionVariants"][0])
    new = {
        **names.variant(job.config, job.place.environment),
        "VariantName": CANDIDATE,
        "ModelName": trial.candidate.name,
        "InitialVariantWeight": float(trial.percent),
    }
    if trial.kind == "split":
        return {"ProductionVariants": [{**live, "InitialVariantWeight": float(100 - trial.percent)}, new]}
    return {
        "ProductionVariants": [{**live, "InitialVariantWeight": 100.0}],
        "ShadowProductionVariants": [new],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": trial.captured,
            "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
        },
    }


def _move(job: Job, trial: Trial, endpoint: Endpoint) -> None:
    """Give the candidate of a split another share, without a new configuration."""
    shares = {each.name: round(100 * each.share) for each in endpoint.variants}
    if trial.kind == "shadow" or shares.get(CANDIDATE) == trial.percent:
        job.report.outcome = "unchanged"
        job.report.skipped.append("rollout: this trial is under way already")
        return
    with job.progress.step("rollout"):
        weights = {VARIANT: 100.0 - trial.percent, CANDIDATE: float(trial.percent)}
        job.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint.name,
            DesiredWeightsAndCapacities=[
                {"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()
            ],
        )
        _verify(finish(job, Recorder(job, Rollout(), full=float(trial.percent))), trial)
    job.report.outcome, job.report.changed = "done", True


def _verify(ended: Endpoint, trial: Trial) -> None:
    shadow = {CANDIDATE: trial.candidate.digest}
    production = {VARIANT: trial.base.digest}
    if trial.kind == "split":
        production, shadow = production | shadow, {}
    verify_variants(ended, trial.name, production, shadow)


def _smoke(job: Job, wanted: Wanted) -> None:
    answer = invoke(job.cloud, job.config, job.place, wanted.sample, CANDIDATE)
    verdict = judge(answer, wanted.sample, job.config.settings.smoke, mock=wanted.mock)
    job.report.smoke = {
        "verdict": verdict,
        "build": answer.build,
        "model": answer.model,
        "is_mock": answer.is_mock,
        "milliseconds": answer.milliseconds,
        "detections": answer.detections,
    }
    job.progress.say(f"build {answer.build[:12]} answered in {answer.milliseconds:.0f} ms: {verdict}")


def _or_back(job: Job, trial: Trial, step: Callable[[], object]) -> None:
    """Do a step of a trial; where it fails, the release before answers alone again, and the candidate goes."""
    try:
        step()
    except (RolloutFailed, InputError, ClientError) as error:
        why = explain(error)
        job.progress.say(f"{why}")
        try:
            endpoint = look(job.sagemaker, job.place.endpoint)
            if endpoint and trial.name in (endpoint.config, endpoint.target):
                start(job, trial.base.name, ALL_AT_ONCE)
                verify(finish(job), trial.base.name, trial.base.digest)
            clear(job.sagemaker, job.place, trial.base.name)
        except (SlipwayError, *FAILURES) as worse:
            raise RolloutFailed(f"{why} Ending the trial failed too: {explain(worse)} Run rollback.") from error
        raise RolloutFailed(f"{why} The trial is over, and {trial.base.name} answers alone.") from error
