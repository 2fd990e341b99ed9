"""Pictures from S3: moto's server is the S3, and boto3 puts into it what the server is to find there."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from infra.contract.process import Command, Running, started
from infra.contract.target import Target, error_code
from tests.contract.test_contract import SERVE, picture
from tests.contract.tiny_model import write_tiny_model

PICTURE = picture()
KEY = "in/ä b+c%20d?.jpg"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture(scope="module")
def running(s3: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    client = boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    for bucket in ("pictures", "with.dots", "secrets"):
        client.create_bucket(Bucket=bucket)
        client.put_object(Bucket=bucket, Key=KEY, Body=PICTURE)
    client.put_object(Bucket="pictures", Key="large", Body=bytes(200_000))
    model = write_tiny_model(tmp_path_factory.mktemp("s3") / "model")
    command = Command(SERVE, model, Target("127.0.0.1", 0, PICTURE, start_seconds=60))
    with started(
        command,
        AWS_ENDPOINT_URL_S3=s3,
        AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b",
        SLIPWAY_IMAGE_S3_BUCKETS="pictures,with.dots/in/",
        SLIPWAY_IMAGE_URL_BYTES="100000",
    ) as process:
        process.wait_until_ready()
        yield process


def asking(bucket: str, key: str = KEY) -> bytes:
    return json.dumps({"image_url": f"s3://{bucket}/{key}"}).encode()


@pytest.mark.parametrize("bucket", ["pictures", "with.dots"])
def test_an_object_is_a_picture(running: Running, bucket: str) -> None:
    assert running.target.detections(asking(bucket)) == running.target.detections()


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (asking("secrets"), (403, "image_url_refused")),
        (asking("with.dots", "out/a.jpg"), (403, "image_url_refused")),
        (asking("pictures", "nothing"), (424, "image_url_failed")),
        (asking("pictures", "large"), (424, "image_url_failed")),
    ],
)
def test_what_is_not_read(running: Running, body: bytes, wanted: tuple[int, str]) -> None:
    reply = running.target.invoke(body)
    assert (reply.status, error_code(reply)) == wanted
