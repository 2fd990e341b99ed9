from __future__ import annotations

from typing import Any

import pytest

from inference.errors import UrlFailed
from inference.remote.buckets import Buckets
from inference.remote.http import Answer
from inference.remote.s3 import S3

KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}


class Aws:
    """Answers in AWS' stead: there is none here that would look at host names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._answers = list(answers)
        monkeypatch.setattr("inference.remote.s3.get", self._get)

    async def _get(self, target: Any, _addresses: Any, headers: Any, *_: Any) -> Answer:
        region = headers["Authorization"].split("/")[2]
        self.asked.append((f"{target.scheme}://{target.authority}", target.path, region))
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("environment", "url", "host", "path"),
    [
        ({}, "s3://pictures/a/b.jpg", "https://pictures.s3.us-east-1.amazonaws.com", "/a/b.jpg"),
        (
            {"AWS_REGION": "eu-west-1"},
            "s3://pictures/ä b?#%20",
            "https://pictures.s3.eu-west-1.amazonaws.com",
            "/%C3%A4%20b%3F%23%2520",
        ),
        ({"AWS_REGION": "cn-north-1"}, "s3://pictures/a", "https://pictures.s3.cn-north-1.amazonaws.com.cn", "/a"),
        ({}, "s3://with.dots/a", "https://s3.us-east-1.amazonaws.com", "/with.dots/a"),
        ({"AWS_ENDPOINT_URL": "http://minio:9000/"}, "s3://pictures/a", "http://minio:9000", "/pictures/a"),
    ],
)
async def test_where_an_object_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, host: str, path: str
) -> None:
    aws = Aws(monkeypatch, Answer(200, {}, b"picture"))
    s3 = S3(Buckets.parse("pictures,with.dots"), {**KEYS, **environment})
    assert await s3.fetch(url, 100, 5) == b"picture"
    assert aws.asked == [(host, path, environment.get("AWS_REGION", "us-east-1"))]


async def test_a_bucket_in_another_region_is_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = Answer(301, {"x-amz-bucket-region": "eu-central-1"})
    aws = Aws(monkeypatch, moved, Answer(200, {}, b"1"), Answer(200, {}, b"2"))
    s3 = S3(Buckets.parse("pictures"), KEYS)
    assert [await s3.fetch("s3://pictures/a", 100, 5) for _ in range(2)] == [b"1", b"2"]
    assert [region for *_, region in aws.asked] == ["us-east-1", "eu-central-1", "eu-central-1"]
    assert aws.asked[1][0] == "https://pictures.s3.eu-central-1.amazonaws.com"


@pytest.mark.parametrize("region", ["", "us-east-1", "evil.example.com/", "a" * 50])
async def test_no_answer_leads_to_another_host(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    aws = Aws(monkeypatch, Answer(301, {"x-amz-bucket-region": region, "location": "https://evil.example.com"}))
    with pytest.raises(UrlFailed, match="301"):
        await S3(Buckets.parse("pictures"), KEYS).fetch("s3://pictures/a", 100, 5)
    assert len(aws.asked) == 1


@pytest.mark.parametrize(("status", "reason"), [(403, "s3:GetObject"), (404, "no such object"), (503, "503")])
async def test_what_s3_says_is_a_sentence(monkeypatch: pytest.MonkeyPatch, status: int, reason: str) -> None:
    Aws(monkeypatch, Answer(status, {}))
    with pytest.raises(UrlFailed, match=reason):
        await S3(Buckets.parse("pictures"), KEYS).fetch("s3://pictures/a", 100, 5)
