"""Doctor: everything that can be seen of an environment, read as signs of what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import FAILURES, explain, missing
from infra.doctor.failures import meaning
from infra.doctor.finding import Finding
from infra.doctor.output import read_output
from infra.errors import InputError, SlipwayError
from infra.registry import open_repository
from infra.release.endpoint import look
from infra.release.generations import generations
from infra.release.logs import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.release.endpoint import Endpoint
    from infra.release.generations import Generation
    from infra.release.names import Place

_LOOKED_BACK = timedelta(days=1)
_MOST = 50_000
"""Lines: a busy endpoint writes one for each request. Of more than these, the first and the newest are read."""
_NEWEST = timedelta(minutes=10)
# AWS: endpoints are up in 3 to 10 minutes; what takes longer mostly hangs.
_LONG = timedelta(minutes=15)


def examine(cloud: Cloud, config: Config, place: Place) -> list[Finding]:
    """What is wrong with an environment, the most certain cause first; empty when nothing is."""
    env, endpoint = place.environment, look(cloud.sagemaker, place.endpoint)
    if endpoint is None:
        return [Finding(1.0, "Nothing is deployed.", (f"there is no endpoint {place.endpoint}",), f"`{_deploy(env)}`")]
    known = generations(cloud.sagemaker, place)
    found = [
        *_failed(endpoint, env),
        *_taken_back(endpoint, known, env),
        *_unproven(endpoint, known, env),
        *_slow(endpoint, env),
        *_short_of_instances(endpoint, env),
        *_foreign(endpoint, generations(cloud.sagemaker, place, trials=True), env),
        *_seen("the image in ECR", env, lambda: _image_gone(cloud, config, endpoint, env)),
        *_seen("the execution role", env, lambda: _role(cloud, config, env)),
        *_seen("the alarms", env, lambda: _alarms(cloud, place)),
        *_seen("the containers' output", env, lambda: _output(cloud, place, _age(endpoint, known))),
    ]
    return sorted(found, key=lambda one: -one.certainty)


def to_markdown(place: Place, found: list[Finding]) -> str:
    """The findings for people."""
    head = f"## {place.environment}: {'what is wrong' if found else 'nothing wrong was found'}\n"
    return "\n".join([head, *(one.to_markdown(number) for number, one in enumerate(found, 1))])


def _seen(what: str, env: str, look_at: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What one part shows; that it cannot be looked at is a finding, too, and hides no other."""
    try:
        return list(look_at())
    except (SlipwayError, *FAILURES) as error:
        remedy = f"mend that, and look again with `dagger call doctor --env {env}`"
        return [Finding(0.1, f"Nobody knows about {what}: it cannot be looked at.", (str(explain(error)),), remedy)]


def _deploy(env: str) -> str:
    return f"dagger call deploy --env {env} summary"


def _failed(endpoint: Endpoint, env: str) -> Iterator[Finding]:
    if endpoint.status == "Failed" or endpoint.failure:
        cause, remedy = meaning(endpoint.failure, env)
        reason = endpoint.failure or "SageMaker gives no reason"
        yield Finding(1.0, cause, (f"{endpoint.name} is {endpoint.status}: {reason}",), remedy)


def _taken_back(endpoint: Endpoint, known: list[Generation], env: str) -> Iterator[Finding]:
    """A newer release that never became good, while an older one answers: AWS reports InService all the same."""
    live = next((one for one in known if one.name == endpoint.config), None)
    newest = max(known, key=lambda one: one.created, default=None)
    if endpoint.moving or live is None or newest is None or newest.name == live.name or newest.live or newest.withdrawn:
        return
    yield Finding(
        0.9,
        "The last release never went live: its deployment was cut off, or SageMaker took it back and reports "
        "InService.",
        (
            f"{newest.name} (git {newest.git_sha or 'unknown'}) was made {newest.created:%Y-%m-%d %H:%M} UTC",
            f"{live.name} (git {live.git_sha or 'unknown'}) answers",
        ),
        f"read `dagger call logs --env {env}` of that time, mend the image and deploy again",
    )


def _unproven(endpoint: Endpoint, known: list[Generation], env: str) -> Iterator[Finding]:
    """What answers has failed its smoke test, or was never asked."""
    live = next((one for one in known if one.name == endpoint.config), None)
    if endpoint.status == "InService" and live and not live.good:
        yield Finding(
            0.9,
            "What is live has not passed its smoke test.",
            (f"{live.name} (git {live.git_sha or 'unknown'}) was made {live.created:%Y-%m-%d %H:%M} UTC",),
            f"`{_deploy(env)}` asks it again or releases a mended image; `dagger call rollback --env {env} summary` "
            "goes back to the release before",
        )


def _slow(endpoint: Endpoint, env: str) -> Iterator[Finding]:
    took = datetime.now(UTC) - endpoint.since
    if endpoint.moving and took > _LONG:
        yield Finding(
            0.7,
            f"The endpoint hangs in {endpoint.status}: with a GPU image mostly because its CUDA is newer than the "
            "driver, else because /ping does not answer.",
            (f"it has been {endpoint.status} for {took.total_seconds() / 60:.0f} minutes {endpoint.stage}".strip(),),
            f"wait for its end, at most an hour (`dagger call status --env {env}`), and compare inference_ami_version "
            "with the image's label slipway.cuda",
        )


def _short_of_instances(endpoint: Endpoint, env: str) -> Iterator[Finding]:
    if endpoint.status == "InService" and endpoint.instances < endpoint.desired:
        yield Finding(
            0.8,
            "Some instances do not answer.",
            (f"{endpoint.instances} of {endpoint.desired} instances are in service",),
            f"read `dagger call logs --env {env}`; if they do not come back, deploy again",
        )


def _foreign(endpoint: Endpoint, known: list[Generation], env: str) -> Iterator[Finding]:
    if endpoint.config and not endpoint.moving and not any(one.name == endpoint.config for one in known):
        yield Finding(
            0.9,
            "What is live was not released by Slipway.",
            (f"the endpoint config {endpoint.config} carries no tags of {env}",),
            f"find out who changed {endpoint.name}; `{_deploy(env)}` refuses to touch it until the tags are there",
        )


def _image_gone(cloud: Cloud, config: Config, endpoint: Endpoint, env: str) -> Iterator[Finding]:
    repository = open_repository(cloud, config.repository)
    for digest in endpoint.digests:
        if repository is None or repository.manifest(digest) is None:
            yield Finding(
                0.9,
                "The live image is no longer in ECR: new instances cannot start.",
                (f"{config.repository} has no {digest}",),
                f"`{_deploy(env)}` publishes it again",
            )


def _role(cloud: Cloud, config: Config, env: str) -> Iterator[Finding]:
    name = config.execution_role.rpartition("/")[2]
    try:
        cloud.iam.get_role(RoleName=name)
    except ClientError as error:
        if not missing(error):
            raise
        yield Finding(
            0.9,
            "The execution role does not exist: SageMaker cannot start new instances.",
            (f"IAM has no role {name}",),
            f"make it (docs/operations.md), or name another as execution_role in slipway.toml; then `{_deploy(env)}`",
        )


def _alarms(cloud: Cloud, place: Place) -> Iterator[Finding]:
    pages = cloud.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=place.alarm_prefix, StateValue="ALARM"
    )
    for alarm in (alarm for page in pages for alarm in page["MetricAlarms"]):
        yield Finding(
            0.6,
            f"The alarm on {alarm['MetricName']} is on.",
            (f"{alarm['AlarmName']}: {alarm.get('StateReason', 'no reason given')}",),
            f"`dagger call logs --env {place.environment}`; `dagger call rollback --env {place.environment} summary` "
            "goes back to the release before",
        )


def _age(endpoint: Endpoint, known: list[Generation]) -> timedelta:
    """How far back to read: what was written before a healthy release was made is over."""
    live = next((one for one in known if one.name == endpoint.config), None)
    if endpoint.status != "InService" or live is None:
        return _LOOKED_BACK
    return min(_LOOKED_BACK, datetime.now(UTC) - live.created)


def _output(cloud: Cloud, place: Place, age: timedelta) -> list[Finding]:
    try:
        lines = list(islice(read(cloud, place, age), _MOST))
        if len(lines) == _MOST:
            lines += islice(read(cloud, place, _NEWEST), _MOST)
        return read_output(lines, place.environment)
    except InputError as nothing:
        return [
            Finding(
                0.2,
                "No container has written anything.",
                (str(nothing),),
                "if there was a release, see that the execution role may write logs (docs/operations.md)",
            )
        ]
