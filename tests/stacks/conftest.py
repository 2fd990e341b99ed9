"""One synthesis for all tests: a project that has everything that can be set."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.config import Config, load

ROOT = Path(__file__).parents[2]
EVERYTHING = """\
project = "demo"
region = "eu-west-1"
repository = "team/demo"

[stacks]
captured_days = 7

[stacks.github]
repo = "octo/ship"
owner_id = 11
repo_id = 22

[environments.dev]
shadow = { capture = "s3://demo-trials" }

[environments.staging.front]
access = "jwt"
jwt = { issuer = "https://login.example.com/", audiences = ["detectors"] }

[environments.preview]
expires_hours = 24

[environments.archive.asynchronous]
output = "s3://demo-answers/archive"
success_topic = "arn:aws:sns:eu-west-1:123456789012:demo-found"

[environments.dev.front]
access = "open"

[environments.prod]
production = true
regions = ["us-east-1", "eu-central-1"]
instance_count = 2

[environments.prod.watching]
emails = ["ops@example.com"]
latency_ms = 750
log_days = 30

[environments.prod.scaling]
max_instances = 6
invocations_per_minute = 300

[environments.prod.front]
requests_per_second = 7

[[environments.prod.scaling.schedule]]
cron = "0 8 ? * MON-FRI *"
timezone = "Europe/Berlin"
min_instances = 4
max_instances = 8
"""


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    path = tmp_path_factory.mktemp("project") / "slipway.toml"
    path.write_text(EVERYTHING)
    return load(path)


@pytest.fixture(scope="session")
def assembly(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of that project."""
    from infra.stacks.app import synthesise

    output = tmp_path_factory.mktemp("assembly")
    synthesise(config, ROOT / ".github" / "aws", output)
    return output


@pytest.fixture(scope="session")
def template(assembly: Path) -> Callable[[str], Any]:
    """The template of a stack, for aws_cdk.assertions."""
    from aws_cdk.assertions import Template

    return lambda name: Template.from_string((assembly / f"{name}.template.json").read_text())


@pytest.fixture(scope="session", params=["everything", "given"])
def any_assembly(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That one, and the checkout's own: `SLIPWAY_ASSEMBLY` where it is made already."""
    if request.param == "everything":
        return Path(request.getfixturevalue("assembly"))
    if given := os.environ.get("SLIPWAY_ASSEMBLY"):
        return Path(given)
    from infra.stacks.app import synthesise

    output = tmp_path_factory.mktemp("given")
    synthesise(load(ROOT / "slipway.toml"), ROOT / ".github" / "aws", output)
    return output
