"""Where AWS's console shows what a release is made of; the addresses are those that the console itself has."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from infra.release.logs import group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.cloud import Cloud
    from infra.release.names import Place

_DOMAINS = {"cn-": "amazonaws.cn", "us-gov-": "amazonaws-us-gov.com", "us-iso": "", "eu-iso": "", "eusc-": ""}
"""Of the console, by how a region's name begins; elsewhere it is AWS's own. Empty where it is nothing public."""


def links(cloud: Cloud, place: Place, *, image: str = "", alarms: Sequence[str] = ()) -> dict[str, str]:
    """Addresses by what they show, none for a local cloud.

    Args:
        cloud: where it runs.
        place: the environment.
        image: reference of the image in ECR, by digest.
        alarms: their names.
    """
    region = place.region
    domain = next((one for start, one in _DOMAINS.items() if region.startswith(start)), "aws.amazon.com")
    if not cloud.is_aws or not domain:
        return {}
    console = f"https://{region}.console.{domain}"
    watch = f"{console}/cloudwatch/home?region={region}#"
    # The console wants a name in the fragment quoted twice, with $ for the first %.
    log = quote(quote(group(place), safe=""), safe="").replace("%25", "$25")
    found = {
        "endpoint": f"{console}/sagemaker/home?region={region}#/endpoints/{place.endpoint}",
        "logs": f"{watch}logsV2:log-groups/log-group/{log}",
        **{f"alarm {name.split('/')[-2]}": f"{watch}alarmsV2:alarm/{quote(name, safe='')}" for name in alarms},
    }
    registry, _, rest = image.partition("/")
    repository, at, digest = rest.partition("@")
    if at:
        where = f"{registry.split('.')[0]}/{repository}/_/image/{digest}/details"
        found["image"] = f"{console}/ecr/repositories/private/{where}?region={region}"
    return found
