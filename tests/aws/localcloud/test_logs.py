"""CloudWatch Logs of endpoints' containers: what they wrote, under the names that SageMaker gives.

https://docs.aws.amazon.com/sagemaker/latest/dg/logging-cloudwatch.html
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.localcloud.conftest import Hosting

LINES = [
    '{"time": "2026-01-02T03:04:05.678Z", "level": "info", "event": "ready"}',
    "a line without a time",
    '{"time": "2026-01-02T03:04:06.000Z", "level": "error", "event": "bug"}',
]


@pytest.fixture
def logs(hosting: Hosting) -> Any:
    return hosting.cloud.client("logs")


def group(endpoint: str) -> str:
    return f"/aws/sagemaker/Endpoints/{endpoint}"


def test_lines_come_with_their_times_and_stream(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.live("talks", says=LINES)
    events = logs.filter_log_events(logGroupName=group(endpoint))["events"]
    assert [event["message"] for event in events] == LINES
    assert [event["timestamp"] % 60_000 for event in events] == [5_678, 5_678, 6_000]
    (stream,) = logs.describe_log_streams(logGroupName=group(endpoint))["logStreams"]
    assert stream["logStreamName"].startswith("AllTraffic/i-")
    assert {event["logStreamName"] for event in events} == {stream["logStreamName"]}


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("error", [2]), ("event -ready", [2]), ("?ready ?bug", [0, 2]), ('"without a time"', [1]), ("absent", [])],
)
def test_words_choose_lines(hosting: Hosting, logs: Any, pattern: str, found: list[int]) -> None:
    endpoint = hosting.live("talks", says=LINES)
    events = logs.filter_log_events(logGroupName=group(endpoint), filterPattern=pattern)["events"]
    assert [event["message"] for event in events] == [LINES[number] for number in found]


def test_pages_and_times_choose_lines(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.live("talks", says=LINES)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group(endpoint), PaginationConfig={"PageSize": 1}
    )
    found = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in found] == LINES
    late = logs.filter_log_events(logGroupName=group(endpoint), startTime=found[2]["timestamp"])["events"]
    early = logs.filter_log_events(logGroupName=group(endpoint), endTime=found[2]["timestamp"])["events"]
    assert [event["message"] for event in early + late] == LINES


def test_a_stream_is_read_from_either_end(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.live("talks", says=LINES)
    (stream,) = logs.describe_log_streams(logGroupName=group(endpoint))["logStreams"]
    where = {"logGroupName": group(endpoint), "logStreamName": stream["logStreamName"], "limit": 2}
    head = logs.get_log_events(**where, startFromHead=True)
    rest = logs.get_log_events(**where, nextToken=head["nextForwardToken"])
    assert [event["message"] for event in head["events"] + rest["events"]] == LINES
    tail = logs.get_log_events(**where)
    assert [event["message"] for event in tail["events"]] == LINES[1:]
    before = logs.get_log_events(**where, nextToken=tail["nextBackwardToken"])
    assert [event["message"] for event in before["events"]] == LINES[:1]


def test_a_container_that_fails_leaves_its_words(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.create(hosting.config_for("dies", says=["no such model"], exit=7))
    description = hosting.wait(endpoint, "Failed")
    assert "no such model" in description["FailureReason"]
    (event,) = logs.filter_log_events(logGroupName=group(endpoint))["events"]
    assert event["message"] == "no such model"


def test_the_streams_of_earlier_fleets_stay(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.live("old", says=["old"])
    config = hosting.config_for("new", says=["new"])
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=config)
    hosting.wait(endpoint, "InService")
    events = logs.filter_log_events(logGroupName=group(endpoint))["events"]
    assert [event["message"] for event in events] == ["old", "new"]
    assert len(logs.describe_log_streams(logGroupName=group(endpoint))["logStreams"]) == 2


def test_groups_are_listed_and_deleted(hosting: Hosting, logs: Any) -> None:
    endpoint = hosting.live("talks", says=["hello"])
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group(endpoint))["logGroups"]
    assert found["logGroupName"] == group(endpoint)
    logs.delete_log_group(logGroupName=group(endpoint))
    assert logs.describe_log_groups(logGroupNamePrefix=group(endpoint))["logGroups"] == []


def test_unknown_groups_streams_and_patterns_are_refused(hosting: Hosting, logs: Any) -> None:
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.filter_log_events(logGroupName=group("nobody"))
    endpoint = hosting.live("talks", says=["hello"])
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.get_log_events(logGroupName=group(endpoint), logStreamName="AllTraffic/i-0")
    with pytest.raises(ClientError, match="filter patterns for JSON"):
        logs.filter_log_events(logGroupName=group(endpoint), filterPattern='{ $.level = "error" }')
    with pytest.raises(ClientError, match="does not have CloudWatch Logs' PutRetentionPolicy"):
        logs.put_retention_policy(logGroupName=group(endpoint), retentionInDays=1)
