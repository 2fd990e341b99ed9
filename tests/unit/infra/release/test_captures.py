"""What S3 has of a trial, as SageMaker writes it: findings are read, whatever else users asked for is passed over."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.release.captures import Captures

FINDINGS = json.dumps({"detections": [{"label": "circle", "score": 0.9, "box": [1, 2, 3, 4]}]})


def line(key: str, output: str) -> str:
    data = {"endpointInput": {"data": "cGljdHVyZQ=="}, "endpointOutput": {"data": output}}
    return json.dumps({"captureData": data, "eventMetadata": {"inferenceId": key, "eventId": f"event {key}"}})


@pytest.fixture(scope="module")
def client() -> Any:
    return boto3.client("s3", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")


@pytest.mark.parametrize(
    "other",
    ["/9j/4AAQSkZJRg==", f"{FINDINGS}\n{FINDINGS}", '{"error": {"code": "internal", "message": "…"}}', "[]", "", "7"],
    ids=["a picture", "lines", "an error", "a list", "nothing", "a number"],
)
def test_an_answer_that_tells_no_findings_is_left_out(client: Any, other: str) -> None:
    text = "\n".join((line("a", FINDINGS), line("b", other), line("c", FINDINGS)))
    with Stubber(client) as told:
        told.add_response("list_objects_v2", {"Contents": [{"Key": "trials/one/shop-dev/main/x.jsonl"}]})
        told.add_response("get_object", {"Body": io.BytesIO(text.encode())})
        found = Captures(client, "s3://bucket/trials/one", "shop-dev").of("main")
    assert [one.key for one in found] == ["a", "c"]
    assert found[0].line == "s3://bucket/trials/one/shop-dev/main/x.jsonl event a"
