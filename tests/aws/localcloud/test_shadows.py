"""Shadow variants and data capture: what is mirrored, what is kept, and that nobody notices."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.processes import wait_until


class Shadowed:
    """An endpoint with a shadow variant, and the bucket that both variants' answers are kept in."""

    def __init__(self, hosting: Any) -> None:
        self.hosting = hosting
        self.s3 = hosting.cloud.client("s3")
        self.bucket = hosting.name("bucket")
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})

    def config(self, model: str, shadow: str, *, weight: float = 1.0, capture: dict[str, Any] | None = None) -> str:
        name = str(self.hosting.name("config"))
        variant = self.hosting.variant
        self.hosting.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[variant(model, VariantName="Live")],
            ShadowProductionVariants=[variant(shadow, VariantName="Shadow", InitialVariantWeight=weight)],
            DataCaptureConfig={
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{self.bucket}/kept",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
                "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
                **(capture or {}),
            },
        )
        return name

    def live(self, *, weight: float = 1.0, capture: dict[str, Any] | None = None, **shadow: Any) -> str:
        models = self.hosting.model("live"), self.hosting.model("shadow", **shadow)
        endpoint = str(self.hosting.create(self.config(*models, weight=weight, capture=capture)))
        self.hosting.wait(endpoint, "InService")
        return endpoint

    def kept(self, endpoint: str, variant: str) -> list[dict[str, Any]]:
        """The captured requests of a variant."""
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"kept/{endpoint}/{variant}/").get("Contents", [])
        bodies = [self.s3.get_object(Bucket=self.bucket, Key=one["Key"])["Body"].read() for one in found]
        return [json.loads(line) for body in bodies for line in body.splitlines()]

    def wait(self, endpoint: str, variant: str, count: int) -> list[dict[str, Any]]:
        enough: Callable[[], Any] = lambda: len(kept := self.kept(endpoint, variant)) >= count and kept  # noqa: E731
        found: list[dict[str, Any]] = wait_until(enough, f"{count} captured requests of {variant}")
        return found


@pytest.fixture
def shadowed(hosting: Any) -> Shadowed:
    return Shadowed(hosting)


def test_both_answers_are_kept_and_one_is_given(shadowed: Shadowed) -> None:
    """AWS developer guide: Shadow variants; Capture data from real-time endpoint (folders and format of the lines)."""
    endpoint, before = shadowed.live(), datetime.now(UTC)
    for number in range(3):
        told = shadowed.hosting.ask(
            endpoint, b"\xff\xd8", ContentType="image/jpeg", InferenceId=f"p{number}", CustomAttributes="from=test"
        )
        assert told["build"] == "live"
    for variant, build in (("Live", "live"), ("Shadow", "shadow")):
        lines = shadowed.wait(endpoint, variant, 3)
        assert {line["eventMetadata"]["inferenceId"] for line in lines} == {"p0", "p1", "p2"}
        line = lines[0]
        assert line["captureData"]["endpointInput"] == {
            "observedContentType": "image/jpeg",
            "mode": "INPUT",
            "data": base64.b64encode(b"\xff\xd8").decode(),
            "encoding": "BASE64",
        }
        output = line["captureData"]["endpointOutput"]
        assert (output["observedContentType"], output["mode"], output["encoding"]) == (
            "application/json",
            "OUTPUT",
            "JSON",
        )
        assert json.loads(output["data"])["build"] == build
        assert line["eventMetadata"]["customAttributes"] == ["from=test"]
        assert line["eventVersion"] == "0"
        taken = datetime.fromisoformat(line["eventMetadata"]["inferenceTime"])
        assert (taken - before).total_seconds() > -1
    (key,) = {
        one["Key"].rsplit("/", 1)[0].removeprefix(f"kept/{endpoint}/Live/")
        for one in shadowed.s3.list_objects_v2(Bucket=shadowed.bucket, Prefix=f"kept/{endpoint}/Live/")["Contents"]
    }
    assert key in {f"{before:%Y/%m/%d/%H}", f"{datetime.now(UTC):%Y/%m/%d/%H}"}


def test_the_endpoint_tells_of_its_shadow_and_of_what_is_captured(shadowed: Shadowed) -> None:
    """AWS API reference: DescribeEndpoint, ShadowProductionVariants and DataCaptureConfig."""
    endpoint = shadowed.live()
    told = shadowed.hosting.describe(endpoint)
    assert [one["VariantName"] for one in told["ProductionVariants"]] == ["Live"]
    assert [one["VariantName"] for one in told["ShadowProductionVariants"]] == ["Shadow"]
    assert told["DataCaptureConfig"]["CaptureStatus"] == "Started"
    assert told["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://{shadowed.bucket}/kept"
    with pytest.raises(ClientError, match="Variant Shadow does not exist"):
        shadowed.hosting.ask(endpoint, TargetVariant="Shadow")


def test_a_shadow_that_fails_or_is_slow_hurts_nobody(shadowed: Shadowed) -> None:
    """AWS developer guide: Shadow variants (responses of the shadow variant are discarded)."""
    endpoint = shadowed.live(invocation_takes=1.0)
    answers = [shadowed.hosting.runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x") for _ in range(3)]
    assert [json.loads(one["Body"].read())["build"] for one in answers] == ["live"] * 3
    dying = shadowed.live()
    with pytest.raises(shadowed.hosting.runtime.exceptions.ModelError):  # the live container's own
        shadowed.hosting.ask(dying, b"fail 500")
    assert shadowed.hosting.ask(dying)["build"] == "live"
    assert len(shadowed.wait(dying, "Shadow", 1)) == 1, "what failed is not captured"


def test_the_weights_say_how_much_is_mirrored(shadowed: Shadowed) -> None:
    """AWS API reference: ProductionVariant, InitialVariantWeight, of a shadow by its production variant's."""
    endpoint = shadowed.live(weight=0.0)
    shadowed.hosting.ask(endpoint)
    shadowed.wait(endpoint, "Live", 1)
    assert shadowed.kept(endpoint, "Shadow") == []


def test_what_is_captured_can_be_chosen(shadowed: Shadowed) -> None:
    """AWS API reference: DataCaptureConfig, CaptureOption; without headers everything is base64."""
    chosen = {"CaptureOptions": [{"CaptureMode": "Output"}], "CaptureContentTypeHeader": {"CsvContentTypes": ["a/b"]}}
    endpoint = shadowed.live(capture=chosen)
    shadowed.hosting.ask(endpoint)
    (line,) = shadowed.wait(endpoint, "Live", 1)
    assert list(line["captureData"]) == ["endpointOutput"]
    assert line["captureData"]["endpointOutput"]["encoding"] == "BASE64"
    off = shadowed.live(capture={"EnableCapture": False})
    assert "DataCaptureConfig" not in shadowed.hosting.describe(off)


def test_what_does_not_go_together_is_refused(shadowed: Shadowed) -> None:
    """AWS developer guide: Shadow tests, exclusions; Create a shadow test (one shadow, one production variant)."""
    model, variant = shadowed.hosting.model("a"), shadowed.hosting.variant
    live, shadow = variant(model, VariantName="Live"), variant(model, VariantName="Shadow")
    serverless = {
        "VariantName": "Shadow",
        "ModelName": model,
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    queue = {"OutputConfig": {"S3OutputPath": "s3://a/b"}}
    wrong: list[tuple[dict[str, Any], str]] = [
        (
            {"ProductionVariants": [live, {**live, "VariantName": "B"}], "ShadowProductionVariants": [shadow]},
            "one shadow and one production",
        ),
        ({"ProductionVariants": [live], "ShadowProductionVariants": [live]}, "must be unique"),
        ({"ProductionVariants": [live], "ShadowProductionVariants": [serverless]}, "do not support serverless"),
        (
            {"ProductionVariants": [live], "ShadowProductionVariants": [shadow], "AsyncInferenceConfig": queue},
            "do not support asynchronous inference",
        ),
    ]
    for request, reason in wrong:
        with pytest.raises(ClientError, match=reason):
            shadowed.hosting.sagemaker.create_endpoint_config(EndpointConfigName="wrong", **request)


def test_guardrails_need_the_same_names_of_variants(hosting: Any) -> None:
    """AWS developer guide: Deployment guardrails, exclusions."""
    endpoint = hosting.live("a")
    other = hosting.config(hosting.variant(hosting.model("b"), VariantName="Other"))
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    with pytest.raises(ClientError, match="must have the same variant names"):
        hosting.sagemaker.update_endpoint(
            EndpointName=endpoint,
            EndpointConfigName=other,
            DeploymentConfig={"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}},
        )
    hosting.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=other)
    hosting.wait(endpoint, "InService")
