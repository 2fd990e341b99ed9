"""Rollout: model, endpoint config, alarms, then the endpoint; and waiting until SageMaker is done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws_errors import code, duplicate, message, missing
from infra.errors import Refused, RolloutFailed, WorldChanged
from infra.release import generations, names
from infra.release.endpoint import look, wait
from infra.release.kinds import guarded, retained
from infra.release.recording import Recorder
from infra.settings import Rollout

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef, TagTypeDef

    from infra.release.endpoint import Endpoint
    from infra.release.job import Job
    from infra.release.names import Release
    from infra.release.preflight import Checked
    from infra.settings import Environment

_SETTLING = 20.0  # seconds in which SageMaker may not yet find what was just created


def create_release(job: Job, release: Release, checked: Checked, git_sha: str) -> bool:
    """Make the model and the endpoint config of a release; False if both were there already."""
    environment = release.place.environment
    tags = generations.tags(release, git_sha)
    model = create_model(job, release, checked, tags)
    variant = {**names.variant(job.config, environment), "ModelName": release.name}
    more = names.hosting(job.config, environment)
    return create_config(job, release.name, tags, ProductionVariants=[variant], **more) or model


def create_model(job: Job, release: Release, checked: Checked, tags: list[TagTypeDef]) -> bool:
    """Make the model of a release; False if it was there already."""
    container: Any = {"Image": checked.image, "Environment": names.container(job.config, release.place.environment)}
    return _made(
        lambda: job.sagemaker.create_model(
            ModelName=release.name, PrimaryContainer=container, ExecutionRoleArn=checked.role_arn, Tags=tags
        )
    )


def create_config(job: Job, name: str, tags: list[TagTypeDef], **described: Any) -> bool:
    """Make an endpoint config; False if it was there already."""
    return _made(
        lambda: _settled(lambda: job.sagemaker.create_endpoint_config(EndpointConfigName=name, Tags=tags, **described))
    )


def delete_release(sagemaker: SageMakerClient, name: str) -> None:
    """Remove the model and the endpoint config called `name`, if they are there.

    The config last: its tags say that the release is over, whenever this is interrupted.
    """
    _gone(lambda: sagemaker.delete_model(ModelName=name))
    _gone(lambda: sagemaker.delete_endpoint_config(EndpointConfigName=name))


def deployment(environment: Environment, alarms: tuple[str, ...]) -> DeploymentConfigTypeDef:
    """DeploymentConfig of UpdateEndpoint: how traffic moves, and which alarms take the release back."""
    rollout = environment.rollout
    traffic: dict[str, Any] = {
        "Type": rollout.type.replace("-", "_").upper(),
        "WaitIntervalInSeconds": rollout.bake_seconds,
    }
    size = {"Type": "CAPACITY_PERCENT", "Value": rollout.percent}
    if rollout.type == "canary":
        traffic["CanarySize"] = size
    if rollout.type == "linear":
        traffic["LinearStepSize"] = size
    how: dict[str, Any] = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic}}
    if alarms:
        how["AutoRollbackConfiguration"] = {"Alarms": [{"AlarmName": name} for name in alarms]}
    return how  # type: ignore[return-value]


ALL_AT_ONCE: DeploymentConfigTypeDef = {
    "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}}
}


def start(job: Job, to: str, how: DeploymentConfigTypeDef | None) -> None:
    """Have SageMaker bring the endpoint to the endpoint config `to`; it is created if there is none.

    WorldChanged if somebody else is moving it elsewhere, Refused if it is not this place's.
    """
    endpoint = job.place.endpoint
    live = look(job.sagemaker, endpoint)
    if live and live.status == "Failed":
        job.progress.say(f"{endpoint} failed earlier and can only be deleted: deleting it")
        delete_endpoint(job)
        live = None
    if live:
        refuse_stranger(job, live)
    if live and live.moving and live.target == to:
        return
    try:
        if live is None:
            _settled(
                lambda: job.sagemaker.create_endpoint(
                    EndpointName=endpoint, EndpointConfigName=to, Tags=generations.place_tags(job.place)
                )
            )
        else:
            _settled(
                lambda: job.sagemaker.update_endpoint(
                    EndpointName=endpoint,
                    EndpointConfigName=to,
                    **guarded(job.settings, how, live),
                    **retained(job.settings, live),
                )
            )
    except ClientError as error:
        # Somebody was faster: fine where they want the same.
        now = look(job.sagemaker, endpoint) if code(error) == "ValidationException" else None
        if now is None or not now.moving:
            raise
        if now.target != to:
            raise WorldChanged(
                f"endpoint {endpoint} began to move to {now.target} meanwhile ({message(error)}): another deploy is "
                "under way; wait until it is over (`status` shows it) and run again."
            ) from error


def finish(job: Job, recorder: Recorder | None = None) -> Endpoint:
    """Wait until SageMaker is done with the endpoint, and record it; the caller verifies where it ended."""
    recorder = recorder or Recorder(job, Rollout())
    ended = wait(job.sagemaker, job.place.endpoint, job.limit, job.progress, recorder.see)
    if ended is None:
        raise WorldChanged(
            f"endpoint {job.place.endpoint} was deleted while it was waited for; find out by whom and deploy again."
        )
    return ended


def refuse_stranger(job: Job, live: Endpoint) -> None:
    """Refused unless the endpoint's tags are this place's: project `a` with `b-c` and `a-b` with `c` share a name."""
    tags = generations.read_tags(job.sagemaker, live.arn)
    if all(tags.get(tag["Key"]) == tag["Value"] for tag in generations.place_tags(job.place)):
        return
    if not tags and look(job.sagemaker, live.name) is None:
        return  # deleted in between
    project, environment = (tags.get(tag["Key"]) for tag in generations.place_tags(job.place))
    whose = (
        f"belongs to environment {environment} of project {project}"
        if project and environment
        else "does not carry the tags slipway:project and slipway:environment, so Slipway did not make it"
    )
    raise Refused(
        f"endpoint {live.name} {whose}, and environment {job.place.environment} of project {job.place.project} would "
        "have the same name; choose another project name in slipway.toml, or delete that endpoint by hand."
    )


def delete_endpoint(job: Job) -> bool:
    """Delete the endpoint and wait until it is gone; False if there was none, Refused if it is not this place's."""
    endpoint = job.place.endpoint
    live = look(job.sagemaker, endpoint)
    if live is None:
        return False
    if live.status != "Deleting":
        refuse_stranger(job, live)
        _gone(lambda: job.sagemaker.delete_endpoint(EndpointName=endpoint))
    if wait(job.sagemaker, endpoint, job.limit, job.progress) is not None:
        raise RolloutFailed(
            f"endpoint {endpoint} could not be deleted; look with `python -m infra status` and run again."
        )
    return True


def _made(create: Callable[[], object]) -> bool:
    """Create, True; False where it exists, which by its name is the same thing."""
    try:
        create()
    except ClientError as error:
        if not duplicate(error):
            raise
        return False
    return True


def _gone(delete: Callable[[], object]) -> None:
    """Delete; fine where it does not exist."""
    try:
        delete()
    except ClientError as error:
        if not missing(error):
            raise


def _settled(call: Callable[[], object]) -> None:
    """Call again while SageMaker cannot find what was just created (CreateEndpoint: "retry logic is recommended")."""
    deadline = time.monotonic() + _SETTLING
    while True:
        try:
            call()
        except ClientError as error:
            unsettled = missing(error) and 'endpoint "' not in message(error)
            if not unsettled or time.monotonic() > deadline:
                raise
            time.sleep(1)
        else:
            return
