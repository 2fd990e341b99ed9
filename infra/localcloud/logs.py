"""CloudWatch Logs, as far as endpoints and functions write there: a group for each, a stream for each container.

Group and stream are named as in https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html. What a
container wrote is asked of its launcher; a line's time is the one it carries as JSON, else that of the line before.
"""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra.localcloud.errors import AwsError, NotSupported

if TYPE_CHECKING:
    from infra.localcloud.cloud import Cloud
    from infra.localcloud.sagemaker.records import Endpoint, Fleet
    from infra.localcloud.state import Transaction

_KIND = "log-stream"
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html: limit
_MOST_EVENTS = 10_000


@dataclass(frozen=True)
class _Stream:
    """One container's output; times are milliseconds since 1970."""

    group: str
    name: str
    container: str
    created: int

    def events(self, cloud: Cloud) -> Iterator[dict[str, Any]]:
        """Its lines as log events, oldest first."""
        last = self.created
        for number, line in enumerate(cloud.fleets.output(self.container).decode(errors="replace").splitlines()):
            last = _time(line) or last
            yield {
                "logStreamName": self.name,
                "timestamp": last,
                "ingestionTime": last,
                "message": line,
                "eventId": f"{self.container}-{number}",
            }


def open_streams(transaction: Transaction, endpoint: Endpoint, fleet: Fleet) -> None:
    """Note where the containers of a fleet write to."""
    group = f"/aws/sagemaker/Endpoints/{endpoint.name}"
    for variant in fleet.everything:
        _open(transaction, endpoint.region, group, f"{variant.name}/i-{fleet.id}", fleet.container(variant))


def open_function_stream(transaction: Transaction, region: str, function: str, version: str, output: str) -> None:
    """Note where an execution environment of a function writes to.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    day = datetime.now(UTC).strftime("%Y/%m/%d")
    _open(transaction, region, f"/aws/lambda/{function}", f"{day}/[{version}]{output[-12:]}", output)


def _open(transaction: Transaction, region: str, group: str, name: str, output: str) -> None:
    body = {"group": group, "name": name, "container": output, "created": int(time.time() * 1000)}
    transaction.put(_KIND, region, output, body)


def describe_log_groups(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeLogGroups; all on one page."""
    first: dict[str, int] = {}
    for stream in _streams(cloud, region):
        first[stream.group] = min(stream.created, first.get(stream.group, stream.created))
    groups = [
        {"logGroupName": name, "creationTime": created, "arn": cloud.arn(region, f"log-group:{name}:*", "logs")}
        for name, created in sorted(first.items())
        if name.startswith(request.get("logGroupNamePrefix", ""))
    ]
    return {"logGroups": groups}


def describe_log_streams(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeLogStreams; all on one page."""
    group, prefix = request["logGroupName"], request.get("logStreamNamePrefix", "")
    streams = [stream for stream in _group(cloud, region, group) if stream.name.startswith(prefix)]
    newest = request.get("orderBy") == "LastEventTime"
    streams.sort(key=lambda one: (one.created if newest else 0, one.name), reverse=request.get("descending", False))
    arn = cloud.arn(region, f"log-group:{group}:log-stream:", "logs")
    told = [{"logStreamName": one.name, "creationTime": one.created, "arn": arn + one.name} for one in streams]
    return {"logStreams": told[: request.get("limit", 50)]}


def filter_log_events(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """FilterLogEvents: the streams' lines woven together by time."""
    matches = _pattern(request.get("filterPattern", ""))
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix", "")
    events = sorted(
        (
            event
            for stream in _group(cloud, region, request["logGroupName"])
            if (stream.name in names if names else stream.name.startswith(prefix))
            for event in stream.events(cloud)
            if _within(event, request) and matches(event["message"])
        ),
        key=lambda event: int(event["timestamp"]),
    )
    start = int(request.get("nextToken", 0))
    end = start + request.get("limit", _MOST_EVENTS)
    page: dict[str, Any] = {"events": events[start:end], "searchedLogStreams": []}
    if end < len(events):
        page["nextToken"] = str(end)
    return page


def get_log_events(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """GetLogEvents: one stream, from its end unless asked otherwise, forth and back by tokens."""
    name = request["logStreamName"]
    stream = next((one for one in _group(cloud, region, request["logGroupName"]) if one.name == name), None)
    if stream is None:
        raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
    events = [event for event in stream.events(cloud) if _within(event, request)]
    limit = request.get("limit", _MOST_EVENTS)
    direction, _, place = request.get("nextToken", "").partition("/")
    match direction:
        case "f":
            start = int(place)
        case "b":
            start = max(0, int(place) - limit)
        case _:
            start = 0 if request.get("startFromHead") else max(0, len(events) - limit)
    end = int(place) if direction == "b" else min(start + limit, len(events))
    kept = ("timestamp", "message", "ingestionTime")
    return {
        "events": [{key: event[key] for key in kept} for event in events[start:end]],
        "nextForwardToken": f"f/{end}",
        "nextBackwardToken": f"b/{start}",
    }


def delete_log_group(cloud: Cloud, region: str, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteLogGroup."""
    for stream in _group(cloud, region, request["logGroupName"]):
        with cloud.state.write() as transaction:
            transaction.delete(_KIND, region, stream.container)
    return {}


OPERATIONS = {
    "DescribeLogGroups": describe_log_groups,
    "DescribeLogStreams": describe_log_streams,
    "FilterLogEvents": filter_log_events,
    "GetLogEvents": get_log_events,
    "DeleteLogGroup": delete_log_group,
}


def _streams(cloud: Cloud, region: str) -> list[_Stream]:
    with cloud.state.read() as transaction:
        return [_Stream(**body) for body in transaction.list(_KIND, region)]


def _group(cloud: Cloud, region: str, name: str) -> list[_Stream]:
    found = [stream for stream in _streams(cloud, region) if stream.group == name]
    if not found:
        raise AwsError("ResourceNotFoundException", "The specified log group does not exist.")
    return found


def _within(event: dict[str, Any], request: dict[str, Any]) -> bool:
    return bool(request.get("startTime", 0) <= event["timestamp"] < request.get("endTime", float("inf")))


def _time(line: str) -> int | None:
    if not line.startswith("{"):
        return None
    try:
        return int(datetime.fromisoformat(json.loads(line)["time"]).timestamp() * 1000)
    except (ValueError, KeyError, TypeError):
        return None


def _pattern(text: str) -> Callable[[str], bool]:
    """Terms of an unstructured filter pattern: all of them, any of those with `?`, none of those with `-`.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
    """
    if text.lstrip()[:1] in ("{", "[", "%"):
        raise NotSupported("filter patterns for JSON, columns and regular expressions")
    try:
        terms = shlex.split(text)
    except ValueError:
        raise AwsError("InvalidParameterException", f"Invalid filter pattern {text!r}.") from None
    wanted = [term for term in terms if term[0] not in "?-"]
    any_of = [term[1:] for term in terms if term[0] == "?"]
    none_of = [term[1:] for term in terms if term[0] == "-"]

    def matches(line: str) -> bool:
        if any_of and not wanted and not any(term in line for term in any_of):
            return False
        return all(term in line for term in wanted) and not any(term in line for term in none_of)

    return matches
