"""Kinds of endpoints in slipway.toml: what goes together, and what else makes another release."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.config import Config, load
from infra.errors import InputError
from infra.release.names import container, hosting, release, variant

DIGEST = "sha256:" + "0123456789abcdef" * 4


def config(folder: Path, *lines: str) -> Config:
    path = folder / "slipway.toml"
    path.write_text("\n".join(['project = "demo"', 'region = "eu-west-1"', "[environments.dev]", *lines]))
    return load(path)


def test_a_serverless_environment_has_a_memory_and_no_instances(tmp_path: Path) -> None:
    made = config(tmp_path, "serverless = { memory_mb = 3072, max_concurrency = 8, provisioned_concurrency = 2 }")
    assert variant(made, "dev") == {
        "VariantName": "main",
        "ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 8, "ProvisionedConcurrency": 2},
        "InitialVariantWeight": 1.0,
    }
    assert container(made, "dev")["SLIPWAY_MAX_BODY_BYTES"] == str(4 * 2**20)
    assert made.environment("dev").platform == "linux/amd64"


def test_names_of_environments_without_kinds_stay_as_they_were(tmp_path: Path) -> None:
    """Made before there were kinds; another name would make every live release a new one."""
    assert release(config(tmp_path), "dev", DIGEST).name == "demo-dev-0123456789ab-0fba4a6c"


@pytest.mark.parametrize("change", ["memory_mb = 1024", "max_concurrency = 9", "provisioned_concurrency = 1"])
def test_what_serverless_runs_on_makes_another_release(tmp_path: Path, change: str) -> None:
    one = release(config(tmp_path, "serverless = {}"), "dev", DIGEST)
    assert release(config(tmp_path, f"serverless = {{ {change} }}"), "dev", DIGEST) != one


def test_an_asynchronous_environment_says_where_answers_go(tmp_path: Path) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:answers"
    made = config(
        tmp_path,
        f'asynchronous = {{ output = "s3://demo/out/", max_concurrent_per_instance = 2, success_topic = "{topic}" }}',
    )
    assert hosting(made, "dev") == {
        "AsyncInferenceConfig": {
            "OutputConfig": {
                "S3OutputPath": "s3://demo/out",
                "S3FailurePath": "s3://demo/out/failed",
                "NotificationConfig": {"SuccessTopic": topic},
            },
            "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2},
        }
    }
    assert container(made, "dev") == {"SLIPWAY_MAX_BODY_BYTES": str(64 * 2**20)}


def test_a_container_holds_the_largest_body_it_takes(tmp_path: Path) -> None:
    made = config(tmp_path, 'asynchronous = { output = "s3://demo/out", payload_limit_mb = 512 }')
    assert container(made, "dev")["SLIPWAY_MAX_HELD_BYTES"] == str(512 * 2**20)


@pytest.mark.parametrize("change", ['failure = "s3://demo/no"', "max_concurrent_per_instance = 1"])
def test_where_answers_go_makes_another_release(tmp_path: Path, change: str) -> None:
    one = release(config(tmp_path, 'asynchronous = { output = "s3://demo/out" }'), "dev", DIGEST)
    other = release(config(tmp_path, f'asynchronous = {{ output = "s3://demo/out", {change} }}'), "dev", DIGEST)
    assert one != other != release(config(tmp_path), "dev", DIGEST)


def test_how_candidates_are_tried_makes_no_other_release(tmp_path: Path) -> None:
    tried = config(tmp_path, 'shadow = { capture = "s3://demo/trials", percent = 10 }')
    assert release(tried, "dev", DIGEST) == release(config(tmp_path), "dev", DIGEST)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["shadow = { percent = 10 }"], "line 4: environments.dev.shadow.capture is missing; add it, a place in S3"),
        (
            ['shadow = { capture = "s3://demo/a", percent = 0 }'],
            "environments.dev.shadow.percent is 0; write 1",
        ),
        (['shadow = { capture = "s3://demo/a" }', "serverless = {}"], "has a shadow and is serverless, and SageMaker"),
        (
            ['shadow = { capture = "s3://demo/a" }', 'asynchronous = { output = "s3://demo/out" }'],
            "has a shadow and is asynchronous, and SageMaker",
        ),
        (["asynchronous = {}"], "line 4: environments.dev.asynchronous.output is missing; add it, a place in S3"),
        (['asynchronous = { output = "bucket" }'], "is 'bucket'; write a place in S3 such as s3://bucket/answers"),
        (
            ['asynchronous = { output = "s3://a-b/c", error_topic = "mine" }'],
            "error_topic is 'mine'; write the ARN of an SNS topic",
        ),
        (['asynchronous = { output = "s3://a-b/c" }', "serverless = {}"], "is serverless and asynchronous, and SageM"),
        (["serverless = { memory_mb = 2000 }"], "line 4: environments.dev.serverless.memory_mb is 2000; write 1024"),
        (["serverless = { max_concurrency = 201 }"], "max_concurrency is 201; write 200 or less"),
        (["serverless = { provisioned_concurrency = 6 }"], "keeps 6 containers ready and answers 5 requests at a time"),
        (["serverless = { memory = 1024 }"], "memory is not a setting (did you mean memory_mb?)"),
        (["serverless = {}", 'instance_type = "ml.c7i.large"'], "line 3: environments.dev is serverless and has inst"),
        (["serverless = {}", "instance_count = 1"], "remove instance_count, or remove serverless"),
        (["serverless = {}", 'device = "cuda"'], "serverless endpoints have no GPU; write device = 'cpu'"),
        (["serverless = {}", "rollout = { type = 'canary', percent = 10 }"], "has a rollout in steps, but SageMaker"),
        (["serverless = {}", "rollout = { bake_seconds = 10 }"], "has a rollout in steps"),
        (["serverless = {}", "alarms = [{ metric = 'ModelLatency', threshold = 1 }]"], "is serverless and has alarms"),
    ],
)
def test_what_sagemaker_does_not_offer_is_refused_with_its_line(tmp_path: Path, lines: list[str], says: str) -> None:
    with pytest.raises(InputError) as refused:
        config(tmp_path, *lines)
    assert says in str(refused.value)
