"""Previews: environments of branches, with an end to their life.

The endpoint's tags are the memory: `slipway:branch`, and `slipway:expires`, which every deployment puts off.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from infra.errors import Refused
from infra.release.endpoint import look
from infra.release.generations import read_tags
from infra.release.names import Place
from infra.release.report import table

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.release.endpoint import Endpoint
    from infra.release.job import Job


@dataclass(frozen=True)
class Preview:
    """One branch's environment; times are ISO 8601 in UTC."""

    environment: str
    branch: str
    state: str
    updated: str
    expires: str
    expired: bool


def renew(job: Job, branch: str) -> None:
    """Put the end of a preview off, counted from now; nothing for other environments."""
    hours = job.settings.expires_hours
    endpoint = look(job.sagemaker, job.place.endpoint) if hours else None
    if hours is None or endpoint is None:
        return
    expires = (datetime.now(UTC) + timedelta(hours=hours)).isoformat(timespec="seconds")
    tags = {"slipway:expires": expires} | ({"slipway:branch": _tag(branch)} if branch else {})
    job.sagemaker.add_tags(ResourceArn=endpoint.arn, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    job.report.notes.append(f"this preview expires at {expires}; deploying again puts that off by {hours} h")


def refuse_other_branch(job: Job, endpoint: Endpoint, branch: str) -> None:
    """Refused where a preview is another branch's, whose name was cut to the same letters."""
    if not (job.settings.expires_hours and branch):
        return
    owner = read_tags(job.sagemaker, endpoint.arn).get("slipway:branch", _tag(branch))
    if owner != _tag(branch):
        raise Refused(
            f"{endpoint.name} is the preview of {owner}, and {branch} would have the same name; rename the branch, or "
            "give it a name of your choice: --env PREVIEW/NAME."
        )


def _tag(branch: str) -> str:
    """A branch as a tag's value: AWS takes 256 letters, digits and some signs (API reference, Tag)."""
    return re.sub(r"[^\w .:/=+@-]", "_", branch)[:256]


def previews(cloud: Cloud, config: Config, template: str) -> list[Preview]:
    """All previews made after one environment of slipway.toml, the next to expire first."""
    project, found = config.settings.project, []
    for name in _endpoints(cloud.sagemaker, f"{project}-{template}-"):
        endpoint = look(cloud.sagemaker, name)
        if endpoint is None:
            continue
        tags = read_tags(cloud.sagemaker, endpoint.arn)
        environment, expires = tags.get("slipway:environment", ""), tags.get("slipway:expires")
        if tags.get("slipway:project") != project or f"{project}-{environment}" != name or expires is None:
            continue
        try:
            end = datetime.fromisoformat(expires)
        except ValueError:
            end = None
        found.append(
            Preview(
                environment=environment,
                branch=tags.get("slipway:branch", ""),
                state=endpoint.status,
                updated=endpoint.since.astimezone(UTC).isoformat(timespec="seconds"),
                expires=expires,
                # A tag that somebody wrote by hand ends nothing unless it says when, and in which zone.
                expired=end is not None and end.tzinfo is not None and end <= datetime.now(UTC),
            )
        )
    return sorted(found, key=lambda one: one.expires)


def place_of(config: Config, template: str, preview: Preview) -> Place:
    """Where a preview is."""
    return Place(config.settings.project, preview.environment, config.region(template))


def told(template: str, found: list[Preview], removed: list[str]) -> tuple[dict[str, Any], str]:
    """The list as data and as Markdown."""
    head = ("environment", "branch", "state", "updated", "expires")
    rows = [
        (one.environment, one.branch, "removed" if one.environment in removed else one.state, one.updated, one.expires)
        for one in found
    ]
    lines = table(head, rows) if rows else ["There are none."]
    data = {"previews": [asdict(one) for one in found], "removed": removed}
    return data, "\n".join([f"## previews made after {template}", "", *lines]) + "\n"


def _endpoints(sagemaker: SageMakerClient, beginning: str) -> list[str]:
    pages = sagemaker.get_paginator("list_endpoints").paginate(NameContains=beginning)
    names = [one["EndpointName"] for page in pages for one in page["Endpoints"]]
    return [name for name in names if name.startswith(beginning)]
