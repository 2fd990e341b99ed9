"""Plan: the live state against the wanted release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infra.errors import WorldChanged
from infra.release.endpoint import Endpoint, look, wait
from infra.release.generations import Generation, read, read_tags

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from infra.progress import Progress
    from infra.release.names import Release

Action = Literal["nothing", "prove", "wait", "create", "replace", "update"]


@dataclass(frozen=True)
class Plan:
    """What has to be done for a release to be the live one, and why.

    nothing: it is live and proven; prove: it is live, its smoke test is missing; wait: the endpoint is moving to it;
    create: there is no endpoint; replace: the endpoint failed and can only be deleted; update: another one is live.
    """

    release: Release
    action: Action
    reason: str
    endpoint: Endpoint | None
    live: Generation | None = None


def plan(
    sagemaker: SageMakerClient, release: Release, limit: float, progress: Progress, *, patient: bool = False
) -> Plan:
    """Compare; WorldChanged if somebody else is moving the endpoint elsewhere, unless `patient`.

    Maintenance by SageMaker and deletions, and for who is patient other deployments, are waited for, up to `limit`
    seconds.
    """
    name = release.place.endpoint
    endpoint = look(sagemaker, name)
    if endpoint and endpoint.status in ("SystemUpdating", "Deleting"):
        progress.say(f"{name} is {endpoint.status}; waiting until that is over")
        endpoint = wait(sagemaker, name, limit, progress)
    while patient and endpoint and endpoint.moving and endpoint.target != release.name:
        progress.say(f"{name} is {endpoint.status} with {endpoint.target}; waiting until that deploy is over")
        endpoint = wait(sagemaker, name, limit, progress)
    if endpoint is None:
        return Plan(release, "create", f"there is no endpoint {name} yet", None)
    if endpoint.moving:
        if endpoint.target == release.name:
            return Plan(
                release, "wait", f"{name} is {endpoint.status} with this very release; picking up the wait", endpoint
            )
        raise WorldChanged(
            f"endpoint {name} is {endpoint.status} with {endpoint.target}: another deploy is under way; "
            "wait until it is over (`status` shows it) and run again, or give --wait."
        )
    if endpoint.status == "Failed":
        why = f" ({endpoint.failure})" if endpoint.failure else ""
        return Plan(release, "replace", f"{name} failed earlier{why} and can only be deleted and made anew", endpoint)
    if endpoint.config != release.name:
        return Plan(release, "update", f"{endpoint.config} is live", endpoint)
    arn = endpoint.config_arn(endpoint.config)
    live = read(release.place, endpoint.config, arn, read_tags(sagemaker, arn))
    if live and live.good and endpoint.status == "InService" and endpoint.digests == (release.digest,):
        return Plan(release, "nothing", f"{release.name} is live already", endpoint, live)
    why = "its smoke test has not passed yet" if live else "its endpoint config was deleted and has to be made anew"
    return Plan(release, "prove", f"{release.name} is live, but {why}", endpoint, live)
