"""Prune: old generations go, the live one and the last good ones stay.

Only what carries our tags and names is touched.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from infra.release.alarms import delete_alarms, our_alarms
from infra.release.endpoint import look
from infra.release.generations import Generation, generations, mark, orphans
from infra.release.rollout import delete_release

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

    from infra.cloud import Cloud
    from infra.release.names import Place


def surplus(known: list[Generation], live: str, keep: int, grace: timedelta) -> list[Generation]:
    """The generations to remove, given all of one environment.

    The live one and the `keep` good ones before it stay, and so does what was made within `grace` and never live:
    another deploy may be about to use it.
    """
    good = [one for one in known if one.good and one.name != live][:keep]
    young = datetime.now(UTC) - grace
    return [
        one
        for one in known
        if one.name != live and one not in good and (one.live or one.withdrawn or one.created < young)
    ]


def prune(cloud: Cloud, place: Place, live: str, keep: int, grace: timedelta) -> tuple[str, ...]:
    """Remove the surplus and the alarms of releases that are over; the names of the releases removed."""
    trials = clear(cloud.sagemaker, place, live)
    known = generations(cloud.sagemaker, place)
    gone = surplus([*known, *orphans(cloud.sagemaker, place, known)], live, keep, grace)
    for one in gone:
        delete_release(cloud.sagemaker, one.name)
    coming = {one.name for one in known if not (one.live or one.withdrawn or one in gone)}
    watched = tuple("/" + name.removeprefix(f"{place.endpoint}-") for name in {live, *coming})
    delete_alarms(
        cloud.cloudwatch, [name for name in our_alarms(cloud.cloudwatch, place) if not name.endswith(watched)]
    )
    return trials + tuple(one.name for one in gone)


def discard(cloud: Cloud, place: Place, name: str) -> None:
    """Take a release that did not go live out of the way: removed if it never was live, else marked as withdrawn.

    Left alone where the endpoint uses it after all, because another deploy wants the same.
    """
    endpoint = look(cloud.sagemaker, place.endpoint)
    if endpoint and name in (endpoint.config, endpoint.target):
        return
    known = {one.name: one for one in generations(cloud.sagemaker, place)}
    if name in known and known[name].live:
        mark(cloud.sagemaker, known[name].arn, "withdrawn")
    else:
        delete_release(cloud.sagemaker, name)
    ending = "/" + name.removeprefix(f"{place.endpoint}-")
    delete_alarms(cloud.cloudwatch, [alarm for alarm in our_alarms(cloud.cloudwatch, place) if alarm.endswith(ending)])


def clear(sagemaker: SageMakerClient, place: Place, live: str) -> tuple[str, ...]:
    """Remove what trials left behind: their endpoint configs, and models of candidates that became no release."""
    known = generations(sagemaker, place, trials=True)
    over = [one for one in known if one.trial and one.name != live]
    releases = {one.name for one in known if not one.trial}
    for one in over:
        delete_release(sagemaker, one.name)
        if one.candidate not in releases | {live}:
            delete_release(sagemaker, one.candidate)
    return tuple(one.name for one in over)
