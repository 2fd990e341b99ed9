"""Status: what is live, since when, how it is, what is under way, and what a deploy would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws_errors import missing
from infra.release import names
from infra.release.endpoint import Endpoint, look
from infra.release.generations import Generation, generations, read, read_tags
from infra.release.kinds import runs_on
from infra.release.report import table

if TYPE_CHECKING:
    from infra.cloud import Cloud
    from infra.config import Config
    from infra.release.names import Place, Release


@dataclass(frozen=True)
class Status:
    """The live state of one environment; times are ISO 8601 in UTC, empty where unknown."""

    environment: str
    region: str
    endpoint: str
    state: str
    release: str
    digest: str
    git_sha: str
    since: str
    health: str
    in_progress: str
    failure: str
    would_change: list[str] | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def to_markdown(self) -> str:
        """For people."""
        rows = [
            ("endpoint", f"`{self.endpoint}` in {self.region}"),
            ("state", self.state),
            ("release", f"`{self.release}`" if self.release else ""),
            ("digest", f"`{self.digest}`" if self.digest else ""),
            ("git SHA", self.git_sha),
            ("live since", self.since),
            ("health", self.health),
            ("under way", self.in_progress),
            ("reason", self.failure),
        ]
        if self.would_change is not None:
            rows.append(("a deploy would", "; ".join(self.would_change) or "change nothing"))
        return "\n".join([f"## {self.environment}", "", *table(("", ""), [row for row in rows if row[1]])]) + "\n"


def status(cloud: Cloud, config: Config, place: Place, wanted: Release | None) -> Status:
    """Look at an environment; with `wanted`, say also what deploying it would change."""
    endpoint = look(cloud.sagemaker, place.endpoint)
    if endpoint is None:
        change = None if wanted is None else [f"create endpoint {place.endpoint} with {wanted.digest}"]
        return Status(
            place.environment,
            place.region,
            place.endpoint,
            "absent",
            "",
            "",
            "",
            "",
            "nothing is deployed",
            "",
            "",
            change,
        )
    arn = endpoint.config_arn(endpoint.config)
    live = read(place, endpoint.config, arn, read_tags(cloud.sagemaker, arn))
    return Status(
        environment=place.environment,
        region=place.region,
        endpoint=place.endpoint,
        state=endpoint.status,
        release=endpoint.config,
        digest=", ".join(endpoint.digests) or (live.digest if live else ""),
        git_sha=live.git_sha if live else "",
        since=(live.live if live and live.live else endpoint.since).isoformat(timespec="seconds"),
        health=_health(endpoint, live),
        in_progress=f"{endpoint.status} with {endpoint.target} {endpoint.stage}".strip() if endpoint.moving else "",
        failure=endpoint.failure,
        would_change=None if wanted is None else _changes(cloud, config, endpoint, wanted),
    )


def history(cloud: Cloud, place: Place) -> tuple[list[dict[str, Any]], str]:
    """The releases that SageMaker still has, the last live one first: as data and as a Markdown table."""
    endpoint = look(cloud.sagemaker, place.endpoint)
    rows = [
        {
            "release": one.name,
            "digest": one.digest,
            "git_sha": one.git_sha,
            "created": one.created.isoformat(timespec="seconds"),
            "live": one.live.isoformat(timespec="seconds") if one.live else "",
            "state": _role_of(one, endpoint),
        }
        for one in generations(cloud.sagemaker, place)
    ]
    head = ("state", "live", "git_sha", "digest")
    told = table(head, [tuple(row[key] for key in head) for row in rows])
    return rows, "\n".join([f"## {place.environment}: releases kept", "", *told]) + "\n"


def _role_of(one: Generation, endpoint: Endpoint | None) -> str:
    if endpoint and endpoint.config == one.name:
        return "live"
    if one.good:
        return "kept for a rollback"
    return "withdrawn" if one.withdrawn else "never live"


def _health(endpoint: Endpoint, live: Generation | None) -> str:
    if endpoint.status == "Failed":
        return "failed"
    count = runs_on(endpoint)
    if live is None:
        return f"{count}; not released by Slipway"
    return f"{count}; smoke test {'passed' if live.live else 'not passed yet'}"


def _changes(cloud: Cloud, config: Config, endpoint: Endpoint, wanted: Release) -> list[str]:
    if endpoint.config == wanted.name and endpoint.status == "InService":
        return []
    changes = (
        []
        if endpoint.digests == (wanted.digest,)
        else [f"image {', '.join(endpoint.digests) or 'unknown'} → {wanted.digest}"]
    )
    environment = wanted.place.environment
    try:
        described = cloud.sagemaker.describe_endpoint_config(EndpointConfigName=endpoint.config)
        variant: dict[str, Any] = dict(described["ProductionVariants"][0])
        model = cloud.sagemaker.describe_model(ModelName=str(variant["ModelName"]))
    except ClientError as error:
        if not missing(error):
            raise
        return [*changes, f"the configuration, of which {endpoint.config} is not there to compare"]
    changes += _differences(variant, names.variant(config, environment))
    changes += _differences(
        dict(model["PrimaryContainer"].get("Environment", {})), names.container(config, environment), whole=True
    )
    return changes or [f"{endpoint.config} → {wanted.name}"]


def _differences(old: dict[str, Any], new: dict[str, Any], *, whole: bool = False) -> list[str]:
    keys = [*new, *(key for key in old if whole and key not in new)]
    return [f"{key} {old.get(key, 'unset')} → {new.get(key, 'unset')}" for key in keys if old.get(key) != new.get(key)]
