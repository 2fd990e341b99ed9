"""Status: what is live, since when, how it is, what is under way, and what a deploy would change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from infra.pricing.cost import Cost, change, cost, scaled
from infra.pricing.table import PriceList
from infra.release import difference, names
from infra.release.endpoint import Endpoint, look
from infra.release.generations import Generation, generations, read, read_tags
from infra.release.kinds import runs_on, variants
from infra.release.links import links
from infra.release.report import links_of, table

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
    cost: Cost | None = None
    would_cost: str = ""
    links: dict[str, str] = field(default_factory=dict)
    trial: str = ""
    variants: list[str] = field(default_factory=list)

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
            ("trial", self.trial),
            *(("variant", one) for one in self.variants),
            ("live since", self.since),
            ("health", self.health),
            ("under way", self.in_progress),
            ("reason", self.failure),
            ("cost", self.cost.text if self.cost else ""),
            ("in the console", links_of(self.links)),
        ]
        if self.would_change is not None:
            rows.append(("a deploy would", "; ".join(self.would_change) or "change nothing"))
            rows.append(("change of cost", self.would_cost))
        return "\n".join([f"## {self.environment}", "", *table(("", ""), [row for row in rows if row[1]])]) + "\n"


def status(cloud: Cloud, config: Config, place: Place, wanted: Release | None) -> Status:
    """Look at an environment; with `wanted`, say also what deploying it would change."""
    endpoint = look(cloud.sagemaker, place.endpoint)
    prices = PriceList(config.settings.prices)
    planned = difference.wanted(config, place.environment)
    would = cost(prices, place.region, planned.variants)
    if endpoint is None:
        creates = None if wanted is None else [f"create endpoint {place.endpoint} with {wanted.digest}"]
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
            creates,
            would_cost=change(None, would),
        )
    arn = endpoint.config_arn(endpoint.config)
    live = read(place, endpoint.config, arn, read_tags(cloud.sagemaker, arn))
    now = difference.live(cloud.sagemaker, endpoint.config)
    scaling = scaled(config.environment(place.environment))
    costs = cost(prices, place.region, now.variants, scaling) if now else None
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
        would_change=None if wanted is None else _changes(endpoint, wanted, now, planned),
        cost=costs,
        would_cost=change(costs, would) if costs else "",
        links=links(cloud, place, image=now.image if now else "", alarms=_alarms(config, place, endpoint)),
        trial=f"{live.trial} of {live.candidate} beside {live.base}" if live and live.trial else "",
        variants=variants(endpoint) if live and live.trial else [],
    )


def history(cloud: Cloud, place: Place) -> tuple[list[dict[str, Any]], str]:
    """The releases that SageMaker still has, the last live one first: as data and as a Markdown table."""
    endpoint = look(cloud.sagemaker, place.endpoint)
    known = generations(cloud.sagemaker, place, trials=True)
    rows = [
        {
            "release": one.name,
            "digest": one.digest,
            "git_sha": one.git_sha,
            "created": one.created.isoformat(timespec="seconds"),
            "live": one.live.isoformat(timespec="seconds") if one.live else "",
            "state": _role_of(one, endpoint, known),
        }
        for one in known
        if not one.trial
    ]
    head = ("state", "live", "git_sha", "digest")
    told = table(head, [tuple(row[key] for key in head) for row in rows])
    return rows, "\n".join([f"## {place.environment}: releases kept", "", *told]) + "\n"


def _role_of(one: Generation, endpoint: Endpoint | None, known: list[Generation]) -> str:
    if endpoint and endpoint.config == one.name:
        return "live"
    if endpoint and any(trial.base == one.name and trial.name == endpoint.config for trial in known if trial.trial):
        return "live, with a trial beside it"
    if one.good:
        return "kept for a rollback"
    return "withdrawn" if one.withdrawn else "never live"


def _alarms(config: Config, place: Place, endpoint: Endpoint) -> list[str]:
    """Names of the alarms on the live fleet; none where slipway.toml has changed since, and with it the names."""
    releases = [names.release(config, place.environment, digest) for digest in endpoint.digests]
    metrics = [alarm.metric for alarm in config.environment(place.environment).alarms]
    return [one.alarm(metric) for one in releases if one.name == endpoint.config for metric in metrics]


def _health(endpoint: Endpoint, live: Generation | None) -> str:
    if endpoint.status == "Failed":
        return "failed"
    count = runs_on(endpoint)
    if live and live.trial:
        return count
    if live is None:
        return f"{count}; not released by Slipway"
    return f"{count}; smoke test {'passed' if live.live else 'not passed yet'}"


def _changes(
    endpoint: Endpoint, wanted: Release, now: difference.Configuration | None, planned: difference.Configuration
) -> list[str]:
    if endpoint.config == wanted.name and endpoint.status == "InService":
        return []
    changes = (
        []
        if endpoint.digests == (wanted.digest,)
        else [f"image {', '.join(endpoint.digests) or 'unknown'} → {wanted.digest}"]
    )
    if now is None:
        return [*changes, f"the configuration, of which {endpoint.config} is not there to compare"]
    changes += difference.differences(now, planned)
    return changes or [f"{endpoint.config} → {wanted.name}"]
