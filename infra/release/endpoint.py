"""What an endpoint is right now, and waiting until it stops moving."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws_errors import FAILURES, code, missing, passing
from infra.errors import InputError, RolloutFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import PendingProductionVariantSummaryTypeDef, ProductionVariantSummaryTypeDef

    from infra.progress import Progress
    from infra.release.names import Place

MOVING = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"})
_FIRST_PAUSE, _LONGEST_PAUSE, _HEARTBEAT = 0.2, 10.0, 30.0  # seconds


@dataclass(frozen=True)
class LiveVariant:
    """One production variant as it is: its share of the requests from 0 to 1, and what it runs on.

    `serverless` is its ServerlessConfig, None where it has instances.
    """

    name: str
    share: float
    digests: tuple[str, ...]
    instances: int
    serverless: dict[str, int] | None


@dataclass(frozen=True)
class Endpoint:
    """DescribeEndpoint, as far as releases need it.

    `config` is the live endpoint config, `target` the one it is moving to (the same where it is not moving); `baking`
    is when the period began in which the new fleet is watched, None outside of one.
    """

    name: str
    arn: str
    status: str
    config: str
    target: str
    digests: tuple[str, ...]
    failure: str
    stage: str
    instances: int
    desired: int
    since: datetime
    variants: tuple[LiveVariant, ...] = ()
    asynchronous: bool = False
    shadows: tuple[LiveVariant, ...] = ()
    baking: datetime | None = None

    @property
    def moving(self) -> bool:
        """Whether SageMaker is working on it; it cannot be updated then."""
        return self.status in MOVING

    def config_arn(self, config: str) -> str:
        """The ARN of an endpoint config beside this endpoint."""
        return f"{self.arn.rsplit(':', 1)[0]}:endpoint-config/{config}"


def look(sagemaker: SageMakerClient, name: str) -> Endpoint | None:
    """The endpoint as it is now, None if there is none."""
    try:
        told = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if missing(error):
            return None
        raise
    pending = told.get("PendingDeploymentSummary")
    variants = told.get("ProductionVariants", [])
    weights = sum(each.get("CurrentWeight", 0.0) for each in variants)
    live = tuple(_variant(each, weights) for each in variants)
    return Endpoint(
        name=name,
        arn=told["EndpointArn"],
        status=told["EndpointStatus"],
        config=told.get("EndpointConfigName", ""),
        target=(pending or told).get("EndpointConfigName", ""),
        digests=tuple(dict.fromkeys(digest for each in live for digest in each.digests)),
        failure=told.get("FailureReason", "").rstrip(". "),
        instances=sum(each.get("CurrentInstanceCount", 0) for each in variants),
        desired=sum(each.get("DesiredInstanceCount", 0) for each in variants),
        stage=_stage(pending.get("ProductionVariants", []) if pending else variants),
        since=told["LastModifiedTime"],
        variants=live,
        asynchronous="AsyncInferenceConfig" in told,
        shadows=tuple(_variant(each, weights) for each in told.get("ShadowProductionVariants", [])),
        baking=_baking(pending.get("ProductionVariants", []) if pending else []),
    )


def _variant(told: ProductionVariantSummaryTypeDef, weights: float) -> LiveVariant:
    images = [image.get("ResolvedImage") or image.get("SpecifiedImage", "") for image in told.get("DeployedImages", [])]
    serverless: Any = told.get("CurrentServerlessConfig")
    return LiveVariant(
        name=told["VariantName"],
        share=told.get("CurrentWeight", 0.0) / weights if weights else 0.0,
        digests=tuple(dict.fromkeys(image.rsplit("@", 1)[1] for image in images if "@" in image)),
        instances=told.get("CurrentInstanceCount", 0),
        serverless=dict(serverless) if serverless else None,
    )


def live(sagemaker: SageMakerClient, place: Place) -> Endpoint:
    """The endpoint of an environment, with the image that it runs; InputError if nothing is live."""
    endpoint = look(sagemaker, place.endpoint)
    if endpoint is None:
        raise InputError(
            f"nothing is live in {place.environment}: there is no endpoint {place.endpoint}; deploy first."
        )
    if not endpoint.digests:
        raise InputError(
            f"nothing is live in {place.environment}: {place.endpoint} is {endpoint.status} and runs no image yet; "
            "see status."
        )
    return endpoint


def wait(
    sagemaker: SageMakerClient,
    name: str,
    limit: float,
    progress: Progress,
    see: Callable[[Endpoint], str] = lambda _: "",
) -> Endpoint | None:
    """Wait up to `limit` seconds until the endpoint does not move any more; None once it is deleted.

    Each look at it is shown to `see`, which gives what else there is to say.

    Says each change of status or stage, and every half minute that it still waits. RolloutFailed when the time is up.
    That AWS cannot be asked for a while is waited for, too.
    """
    began = told_at = time.monotonic()
    pause, told = _FIRST_PAUSE, ""
    while True:
        waited = time.monotonic() - began
        remark = ""
        try:
            now = look(sagemaker, name)
            remark = see(now) if now else ""
        except FAILURES as error:
            if not passing(error) or waited > limit:
                raise
            state = f"SageMaker cannot be asked ({code(error) if isinstance(error, ClientError) else error})"
        else:
            if now is None or not now.moving:
                return now
            state = f"{now.status}{f' · {now.stage}' if now.stage else ''}"
        if state != told or time.monotonic() - told_at > _HEARTBEAT:
            progress.say(f"{state}{remark} · {waited:.0f} of at most {limit:.0f} s")
            told, told_at = state, time.monotonic()
        if waited > limit:
            raise RolloutFailed(
                f"endpoint {name} is still {state} after {limit:.0f} s (timeouts.deploy_seconds); "
                "SageMaker goes on by itself: "
                f"look with `python -m infra status`, and the same deploy picks up the wait."
            )
        time.sleep(min(pause, max(0.05, limit - waited)))
        pause = min(pause * 1.3, _LONGEST_PAUSE)


def _baking(variants: Sequence[PendingProductionVariantSummaryTypeDef]) -> datetime | None:
    since = [
        status.get("StartTime")
        for each in variants
        for status in each.get("VariantStatus", [])
        if status["Status"] == "Baking"
    ]
    return next((moment for moment in since if moment), None)


def _stage(variants: Sequence[ProductionVariantSummaryTypeDef | PendingProductionVariantSummaryTypeDef]) -> str:
    """`main ActivatingTraffic 1/2` for each variant that says something."""
    parts = []
    for each in variants:
        stages = ", ".join(status["Status"] for status in each.get("VariantStatus", []))
        current, desired = each.get("CurrentInstanceCount"), each.get("DesiredInstanceCount")
        count = f"{current}/{desired} instances" if current is not None and desired is not None else ""
        if stages or count:
            parts.append(" ".join(part for part in (each["VariantName"], stages, count) if part))
    return " · ".join(parts)
