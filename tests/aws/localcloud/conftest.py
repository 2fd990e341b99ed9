"""What the tests of hosting share: images, models, configurations and endpoints with names of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

import pytest


@dataclass
class Hosting:
    """SageMaker hosting as a client sees it. Images live in one repository; names are unique for each test."""

    cloud: Any
    registry: Any
    role: str
    repository: str = "hosting"
    prefix: str = field(default_factory=lambda: uuid4().hex[:8])
    numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.sagemaker = self.cloud.client("sagemaker")
        self.runtime = self.cloud.client("sagemaker-runtime")

    def name(self, kind: str) -> str:
        return f"{kind}-{self.prefix}-{next(self.numbers)}"

    def image(self, build: str, **behaviour: Any) -> str:
        digest = self.registry.push(self.repository, self.name("tag"), build=build, behaviour=behaviour)
        return f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/{self.repository}@{digest}"

    def model(self, build: str, *, container: dict[str, Any] | None = None, **behaviour: Any) -> str:
        name = self.name("model")
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            PrimaryContainer={"Image": self.image(build, **behaviour), **(container or {})},
        )
        return name

    def variant(self, model: str, **extra: Any) -> dict[str, Any]:
        base = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.g5.xlarge"}
        return {**base, "InitialInstanceCount": 1, **extra}

    def config(self, *variants: dict[str, Any]) -> str:
        name = self.name("config")
        self.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants))
        return name

    def config_for(self, build: str, *, variant: dict[str, Any] | None = None, **behaviour: Any) -> str:
        return self.config(self.variant(self.model(build, **behaviour), **(variant or {})))

    def create(self, config: str) -> str:
        name = self.name("endpoint")
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
        return name

    def live(self, build: str, **behaviour: Any) -> str:
        """An endpoint that is in service."""
        name = self.create(self.config_for(build, **behaviour))
        self.wait(name, "InService")
        return name

    def describe(self, endpoint: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=endpoint)
        return answer

    def wait(self, endpoint: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
        """Wait for one of the statuses."""
        deadline = time.monotonic() + seconds
        while (description := self.describe(endpoint))["EndpointStatus"] not in statuses:
            assert time.monotonic() < deadline, description
            time.sleep(0.02)
        return description

    def wait_pending(self, endpoint: str, status: str, seconds: float = 30) -> dict[str, Any]:
        """Wait until the new fleet has a status such as Baking."""
        deadline = time.monotonic() + seconds
        while True:
            description = self.describe(endpoint)
            for variant in description.get("PendingDeploymentSummary", {}).get("ProductionVariants", []):
                if variant["VariantStatus"][0]["Status"] == status:
                    return description
            assert time.monotonic() < deadline, description
            assert description["EndpointStatus"] == "Updating", description
            time.sleep(0.02)

    def ask(self, endpoint: str, body: bytes = b"hello", **parameters: Any) -> dict[str, Any]:
        answer = self.runtime.invoke_endpoint(EndpointName=endpoint, Body=body, **parameters)
        told: dict[str, Any] = json.loads(answer["Body"].read())
        return told

    def builds(self, endpoint: str, times: int) -> set[str]:
        return {self.ask(endpoint)["build"] for _ in range(times)}


@pytest.fixture(scope="session")
def role(local_cloud: Any) -> str:
    """A role that SageMaker may assume."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    created = local_cloud.client("iam").create_role(RoleName="hosting", AssumeRolePolicyDocument=policy)
    return str(created["Role"]["Arn"])


@pytest.fixture
def hosting(local_cloud: Any, registry: Any, role: str) -> Iterator[Hosting]:
    """Hosting in the shared local cloud; endpoints that a test leaves are deleted."""
    hosting = Hosting(local_cloud, registry, role)
    yield hosting
    for endpoint in hosting.sagemaker.list_endpoints(NameContains=hosting.prefix, MaxResults=100)["Endpoints"]:
        if endpoint["EndpointStatus"] in ("InService", "Failed"):
            hosting.sagemaker.delete_endpoint(EndpointName=endpoint["EndpointName"])
