"""Faults asked of the local cloud, a client that never stops asking, and what a project has on AWS."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from tests.aws.processes import wait_until

if TYPE_CHECKING:
    from tests.aws.release.conftest import Project

DEPLOYER = "deployer"
"""The access key of whoever deploys in these tests; faults hit its calls, and nobody else's."""


class Faults:
    """The local cloud's control route."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/_slipway/faults"

    def calls(self, operation: str, effect: str, **more: Any) -> None:
        """Have calls of the deployer meet a fault."""
        self.add(operation=operation, effect=effect, caller=DEPLOYER, **more)

    def add(self, **fault: Any) -> None:
        answer = urllib3.request("POST", self._url, json=fault)
        assert answer.status == 200, answer.data

    def met(self) -> int:
        """How often the faults have been met together."""
        return sum(fault["met"] for fault in self._told()["faults"])

    def held(self) -> str:
        """Wait until a call is held; its operation."""
        operation: str = wait_until(lambda: self._told()["held"], "a call to be held")[0]
        return operation

    def end(self) -> None:
        urllib3.request("DELETE", self._url)

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = urllib3.request("GET", self._url).json()
        return told


class Traffic:
    """A client that asks an endpoint all the time: how often each build answered, and what was not answered."""

    def __init__(self, project: Project, env: str) -> None:
        self.answers: Counter[str] = Counter()
        self.lost: list[str] = []
        self._endpoint = project.endpoint(env)
        self._runtime = project.cloud.client("sagemaker-runtime")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        while not self._over.wait(0.04):
            try:
                told = self._runtime.invoke_endpoint(
                    EndpointName=self._endpoint, ContentType="image/jpeg", Body=b"\xff\xd8 picture"
                )
                self.answers[json.loads(told["Body"].read())["build"]] += 1
            except (ClientError, BotoCoreError) as error:
                self.lost.append(repr(error))

    def start(self) -> Traffic:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture
def faults(local_cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """The faults of the shared cloud, ended after the test; verbs run as the deployer whose calls they hit."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", DEPLOYER)
    control = Faults(local_cloud.url)
    yield control
    control.end()


@pytest.fixture
def asking() -> Iterator[Callable[..., Traffic]]:
    """Starts clients of a project's endpoint. In the end, every request must have been answered."""
    started: list[Traffic] = []

    def start(project: Project, env: str = "dev") -> Traffic:
        started.append(Traffic(project, env).start())
        return started[-1]

    yield start
    for traffic in started:
        traffic.stop()
        assert traffic.lost == []
        assert traffic.answers


def ours(project: Project) -> dict[str, list[str]]:
    """Everything on AWS with the project's tags, by kind."""
    sagemaker, cloudwatch = project.sagemaker, project.cloud.client("cloudwatch")
    pages = {
        "models": ("list_models", "Models", "ModelName", "ModelArn"),
        "configs": ("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", "EndpointConfigArn"),
        "endpoints": ("list_endpoints", "Endpoints", "EndpointName", "EndpointArn"),
    }
    found = {}
    for kind, (call, items, name, arn) in pages.items():
        listed = sagemaker.get_paginator(call).paginate(NameContains=project.name)
        told = [(one[name], one[arn]) for page in listed for one in page[items]]
        tagged = [(name, {tag["Key"]: tag["Value"] for tag in _tags(sagemaker, arn)}) for name, arn in told]
        found[kind] = sorted(name for name, tags in tagged if tags.get("slipway:project") == project.name)
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{project.name}/")["MetricAlarms"]
    found["alarms"] = sorted(alarm["AlarmName"] for alarm in alarms)
    return found


def _tags(sagemaker: Any, arn: str) -> list[dict[str, str]]:
    tags: list[dict[str, str]] = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    return tags
