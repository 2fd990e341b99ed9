"""The backend of an environment in a local cloud, before a container that is the real server with a tiny model."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main
from infra.contract.ports import free_port
from tests.aws.processes import HOST, ROOT, LocalCloud, wait_until
from tests.contract.tiny_model import write_tiny_model

TOML = """
project = "shop"
region = "eu-west-1"

[environments.dev]

[environments.wide]
regions = ["eu-west-1", "us-east-1"]
"""


@dataclass
class Site:
    """A project with its backend, and the local cloud that it is in."""

    cloud: LocalCloud
    port: int
    folder: Path
    capture: Callable[[], Any]

    def call(self, *words: str, env: str = "dev") -> tuple[int, str, str]:
        """One call of `python -m infra backend`: exit code, output, errors."""
        self.capture()
        code = main(["backend", *words, "--env", env, "--config", str(self.folder / "slipway.toml")])
        told = self.capture()
        return code, told.out, told.err

    def deploy(self) -> tuple[int, str, str]:
        return self.call("deploy", "--code", str(self.code))

    @property
    def code(self) -> Path:
        """A copy of `backend/` that a test may edit."""
        folder = self.folder / "backend"
        if not folder.exists():
            shutil.copytree(ROOT / "backend", folder, ignore=shutil.ignore_patterns("__pycache__"))
        return folder

    def url(self, kind: str) -> str:
        """Where clients reach an API."""
        apis = {api["Name"]: api["ApiId"] for api in self.cloud.client("apigatewayv2").get_apis()["Items"]}
        identity = apis[f"shop-dev-{kind}"]
        return (
            f"http://127.0.0.1:{self.port}/{identity}"
            if kind == "http"
            else f"ws://127.0.0.1:{self.port}/{identity}/live"
        )

    def alias(self, kind: str) -> dict[str, Any]:
        """The alias that an API calls."""
        found: dict[str, Any] = self.cloud.client("lambda").get_alias(FunctionName=f"shop-dev-{kind}", Name="live")
        return found

    def point(self, kind: str, version: str, before: str) -> None:
        """Move one alias past the verbs, as a call leaves it that was killed."""
        self.cloud.client("lambda").update_alias(
            FunctionName=f"shop-dev-{kind}", Name="live", FunctionVersion=version, Description=f"before:{before}"
        )

    def endpoint(self) -> None:
        """Make the endpoint, with the real server behind it."""
        model = write_tiny_model(self.folder / "model")
        command = [sys.executable, "-m", "inference", "serve"]
        digest = self.cloud.registry.push("shop", "one", build="one", command=command)
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam, sagemaker = self.cloud.client("iam"), self.cloud.client("sagemaker")
        role = iam.create_role(RoleName="runtime", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
        container = {
            "Image": f"{HOST}/shop@{digest}",
            "Environment": {"SLIPWAY_MODEL_DIR": str(model), "PYTHONPATH": str(ROOT)},
        }
        sagemaker.create_model(ModelName="one", ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "main", "ModelName": "one", "InstanceType": "ml.c7i.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName="one", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName="shop-dev", EndpointConfigName="one")

        def live() -> bool:
            status = sagemaker.describe_endpoint(EndpointName="shop-dev")["EndpointStatus"]
            assert status != "Failed"
            return bool(status == "InService")

        wait_until(live, "the endpoint", 60)


@pytest.fixture(scope="module")
def cloud(registry: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCloud, int]]:
    """A local cloud with its gateway."""
    port = free_port()
    cloud = LocalCloud(registry, tmp_path_factory.mktemp("backend") / "state", ("--gateway-port", str(port)))
    try:
        yield cloud.start(), port
    finally:
        cloud.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's folder."""
    made = tmp_path_factory.mktemp("shop")
    (made / "slipway.toml").write_text(TOML)
    return made


@pytest.fixture
def site(
    cloud: tuple[LocalCloud, int], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Site:
    """The project, with the environment that leads its verbs to the local cloud."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", cloud[0].url)
    monkeypatch.setenv("SLIPWAY_REGISTRY", cloud[0].registry.url.removeprefix("http://"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return Site(cloud[0], cloud[1], folder, capsys.readouterr)
