"""What the kinds of endpoints change in a release: what SageMaker is asked for, what it refuses, how they are seen."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from infra.aws_errors import code
from infra.errors import Refused
from infra.hosting import SERVERLESS_IMAGE_GB
from infra.release.names import VARIANT

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_sagemaker.type_defs import DeploymentConfigTypeDef

    from infra.config import Config
    from infra.release.endpoint import Endpoint
    from infra.release.job import Job
    from infra.settings import Environment

_COLD = frozenset({"ModelNotReadyException", "ThrottlingException"})
_WAKING = 60.0  # seconds in which a serverless endpoint may say that it is not ready yet, or has too much to do

T = TypeVar("T")


def refuse_conversion(job: Job, endpoint: Endpoint) -> None:
    """Refused where an endpoint with instances is to become serverless; the other way round is fine.

    Developer guide, "Serverless endpoint operations": an instance-based endpoint cannot be converted to serverless.
    """
    if endpoint.status == "Failed" or not job.settings.serverless or not endpoint.variants:
        return
    if not all(each.serverless for each in endpoint.variants):
        where = job.config.where("environments", job.place.environment, "serverless")
        raise Refused(
            f"endpoint {endpoint.name} has instances, and SageMaker turns none of those into a serverless one "
            f"({where}); deploy to an environment of another name, or run destroy for {job.place.environment} first, "
            "which nobody answers for meanwhile."
        )


def guarded(environment: Environment, how: DeploymentConfigTypeDef | None, live: Endpoint) -> dict[str, Any]:
    """How UpdateEndpoint moves traffic; all at once where it takes no DeploymentConfig.

    Developer guide, "Deployment guardrails": they apply to asynchronous and real-time endpoints only, and old and new
    configuration must have the same names of variants, which after a split they have not.
    """
    same = {each.name for each in live.variants} == {VARIANT}
    return {"DeploymentConfig": how} if how and same and not environment.serverless else {}


def retained(environment: Environment, live: Endpoint) -> dict[str, Any]:
    """What UpdateEndpoint leaves as it is: where instances are scaled, as many as scaling has come to.

    API reference, UpdateEndpoint: otherwise a release would go back to InitialInstanceCount in the middle of the day.
    After a split there is no variant whose properties could be kept.
    """
    if environment.scaling is None or {each.name for each in live.variants} != {VARIANT}:
        return {}
    others = [{"VariantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig")]
    return {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": others}


def image_limit(config: Config, environment: str) -> tuple[int, str]:
    """The largest image that an environment takes, in GB compressed, and where that is said."""
    limit = config.settings.image_limit_gb
    if config.environment(environment).serverless and limit > SERVERLESS_IMAGE_GB:
        return SERVERLESS_IMAGE_GB, config.where("environments", environment, "serverless")
    return limit, config.where("image_limit_gb")


def runs_on(endpoint: Endpoint) -> str:
    """What answers, for people."""
    if endpoint.variants and all(each.serverless for each in endpoint.variants):
        told = endpoint.variants[0].serverless or {}
        ready = told.get("ProvisionedConcurrency", 0)
        return (
            f"serverless with {told.get('MemorySizeInMB')} MB, up to {told.get('MaxConcurrency')} requests at a time"
            f"{f', {ready} kept ready' if ready else ''}"
        )
    how = " asynchronously" if endpoint.asynchronous else ""
    return f"{endpoint.instances} of {endpoint.desired} instances answer{how}"


def variants(endpoint: Endpoint) -> list[str]:
    """Each variant with its share of the requests and its image, for people."""
    answering = [f"{each.name} answers {each.share:.0%}: {', '.join(each.digests)}" for each in endpoint.variants]
    copied = [f"{each.name} is sent copies of {each.share:.0%}: {', '.join(each.digests)}" for each in endpoint.shadows]
    return answering + copied


def require_buckets(job: Job) -> None:
    """Refused where a bucket that an asynchronous endpoint writes to is not there."""
    asynchronous = job.settings.asynchronous
    if asynchronous:
        require_bucket(job, asynchronous.output, "asynchronous", "output")
        require_bucket(job, asynchronous.failure or asynchronous.output, "asynchronous", "failure")


def require_bucket(job: Job, location: str, *setting: str) -> None:
    """Refused where the bucket of a place in S3 is not there; the local cloud gets it made."""
    bucket = location.removeprefix("s3://").partition("/")[0]
    try:
        job.cloud.s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        if code(error) not in ("404", "NoSuchBucket"):
            raise
        if not job.cloud.local:
            where = job.config.where("environments", job.place.environment, *setting)
            raise Refused(f"{where}: there is no bucket {bucket}; make it, or name another.") from None
        job.progress.say(f"creating bucket {bucket} in the local cloud")
        job.cloud.make_bucket(bucket)


def awake(call: Callable[[], T]) -> T:
    """Call again while an endpoint's container is still being started, for a minute at most."""
    deadline, pause = time.monotonic() + _WAKING, 0.5
    while True:
        try:
            return call()
        except ClientError as error:
            if code(error) not in _COLD or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 5.0)
