"""Logs: what the containers behind an endpoint wrote, the earlier releases' too."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from infra.aws_errors import code
from infra.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.cloud import Cloud
    from infra.release.names import Place

# Lines may reach CloudWatch late and out of order; so much is looked at again.
_OVERLAP = timedelta(seconds=30)
_PAUSE = 2.0  # seconds; FilterLogEvents is limited to a few calls a second


@dataclass(frozen=True)
class Line:
    """One line of a container's output; `time` is ISO 8601 in UTC, `container` its log stream, `id` CloudWatch's."""

    time: str
    container: str
    message: str
    id: str

    def __str__(self) -> str:
        return f"{self.time} {self.container} {self.message}"


def group(place: Place) -> str:
    """The endpoint's log group (SageMaker developer guide, "CloudWatch Logs for Amazon SageMaker AI")."""
    return f"/aws/sagemaker/Endpoints/{place.endpoint}"


def read(cloud: Cloud, place: Place, age: timedelta, pattern: str = "") -> Iterator[Line]:
    """Lines not older than `age` that fit CloudWatch's filter pattern, oldest first.

    Raises InputError where no container has ever written.
    """
    since = int((time.time() - age.total_seconds()) * 1000)
    pages = cloud.logs.get_paginator("filter_log_events")
    try:
        for page in pages.paginate(logGroupName=group(place), startTime=max(0, since), filterPattern=pattern):
            for event in page["events"]:
                moment = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield Line(
                    moment.isoformat(timespec="milliseconds"),
                    event["logStreamName"],
                    event["message"].rstrip(),
                    event["eventId"],
                )
    except ClientError as error:
        if code(error) != "ResourceNotFoundException":
            raise
        raise InputError(
            f"there is no log of {place.endpoint} in {place.region}: none of its containers has written anything yet; "
            "deploy first, or look at `status`."
        ) from None


def follow(cloud: Cloud, place: Place, seen: Sequence[Line], pattern: str = "") -> Iterator[Line]:
    """Lines as they come, without those already seen, until interrupted."""
    known = {line.id for line in seen}
    while True:
        time.sleep(_PAUSE)
        recent = list(read(cloud, place, _OVERLAP + timedelta(seconds=_PAUSE), pattern))
        yield from (line for line in recent if line.id not in known)
        known |= {line.id for line in recent}
