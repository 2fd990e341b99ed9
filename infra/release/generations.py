"""The releases of one environment that SageMaker still has: each is an endpoint config of ours with its tags.

Tags are the memory: `slipway:live` is when a release last passed its smoke test as the live one, `slipway:withdrawn`
when it was taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import missing

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import TagTypeDef

    from infra.release.names import Place, Release


@dataclass(frozen=True)
class Generation:
    """One endpoint config of ours; times are UTC, None for never.

    Of a trial, `trial` is its kind, `base` the release that it began from, `candidate` the one that it tries.
    """

    name: str
    arn: str
    digest: str
    git_sha: str
    created: datetime
    live: datetime | None
    withdrawn: datetime | None
    trial: str = ""
    base: str = ""
    candidate: str = ""
    mock: bool = False

    @property
    def against(self) -> str:
        """The release that it is, or that a trial began from."""
        return self.base or self.name

    @property
    def good(self) -> bool:
        """Whether it was live, answered as expected and has not been taken back since."""
        return self.live is not None and (self.withdrawn is None or self.withdrawn < self.live)


def now() -> str:
    """The time as a tag's value."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def tags(release: Release, git_sha: str) -> list[TagTypeDef]:
    """Tags of a new model or endpoint config."""
    values = {
        "slipway:digest": release.digest,
        "slipway:git-sha": git_sha,
        "slipway:fingerprint": release.fingerprint,
        "slipway:created": now(),
    }
    return place_tags(release.place) + [{"Key": key, "Value": value} for key, value in values.items()]


def place_tags(place: Place) -> list[TagTypeDef]:
    """Tags that say whose a resource is."""
    return [
        {"Key": "slipway:project", "Value": place.project},
        {"Key": "slipway:environment", "Value": place.environment},
    ]


def read_tags(sagemaker: SageMakerClient, arn: str) -> dict[str, str]:
    """All tags of a resource, none where it does not exist."""
    try:
        pages = list(sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn))
    except ClientError as error:
        if missing(error):
            return {}
        raise
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


def read(place: Place, name: str, arn: str, tags: dict[str, str]) -> Generation | None:
    """The generation behind an endpoint config, None if it is not one of ours for this place."""
    mine = tags.get("slipway:project") == place.project and tags.get("slipway:environment") == place.environment
    if not mine or "slipway:digest" not in tags:
        return None
    return Generation(
        name=name,
        arn=arn,
        digest=tags["slipway:digest"],
        git_sha=tags.get("slipway:git-sha", ""),
        created=_time(tags.get("slipway:created")) or datetime.fromtimestamp(0, UTC),
        live=_time(tags.get("slipway:live")),
        withdrawn=_time(tags.get("slipway:withdrawn")),
        trial=tags.get("slipway:trial", ""),
        base=tags.get("slipway:base", ""),
        candidate=tags.get("slipway:candidate", ""),
        mock=tags.get("slipway:mock") == "True",
    )


def generations(sagemaker: SageMakerClient, place: Place, *, trials: bool = False) -> list[Generation]:
    """All releases of an environment, the one that was live last first; with `trials` those, too."""
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=f"{place.endpoint}-")
    found = [(one["EndpointConfigName"], one["EndpointConfigArn"]) for page in pages for one in page["EndpointConfigs"]]
    known = [read(place, name, arn, read_tags(sagemaker, arn)) for name, arn in found if place.owns(name)]
    return sorted(
        (one for one in known if one and (trials or not one.trial)),
        key=lambda one: (one.live or _NEVER, one.created),
        reverse=True,
    )


def orphans(sagemaker: SageMakerClient, place: Place, known: list[Generation]) -> list[Generation]:
    """Models of ours without an endpoint config: a deploy was killed between the two."""
    pages = sagemaker.get_paginator("list_models").paginate(NameContains=f"{place.endpoint}-")
    found = [(one["ModelName"], one["ModelArn"]) for page in pages for one in page["Models"]]
    configs = {one.name for one in known}
    alone = [(name, arn) for name, arn in found if place.owns(name) and name not in configs]
    read_ = [read(place, name, arn, read_tags(sagemaker, arn)) for name, arn in alone]
    return [one for one in read_ if one]


def mark(sagemaker: SageMakerClient, arn: str, event: str) -> None:
    """Remember that a generation is `live` or was `withdrawn`, now."""
    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": f"slipway:{event}", "Value": now()}])


_NEVER = datetime.fromtimestamp(0, UTC)


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
