"""What SageMaker keeps of the requests of a trial: lines of JSON in S3, of the live release and of its shadow.

Source: developer guide, "Capture data from real-time endpoint".
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.release.findings import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Captured:
    """One captured request of one variant: `key` is what it was called by the client, or a hash of what was sent."""

    key: str
    line: str
    answer: dict[str, Any]

    @property
    def milliseconds(self) -> float | None:
        """How long the container took, by its own account."""
        total = self.answer.get("timings_ms", {}).get("total")
        return float(total) if total else None


class Captures:
    """The folder of a trial: what is in it grows, and each file is read once."""

    def __init__(self, s3: S3Client, location: str, endpoint: str) -> None:
        self._s3 = s3
        self._bucket, _, folder = location.removeprefix("s3://").partition("/")
        self._folder = f"{folder}/{endpoint}"
        self._read: dict[str, list[Captured]] = {}

    def of(self, variant: str) -> list[Captured]:
        """All findings that are kept of a variant by now, oldest first; drawn pictures and streams are left out."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{self._folder}/{variant}/"
        )
        keys = sorted(one["Key"] for page in pages for one in page.get("Contents", []))
        return [captured for key in keys for captured in self._file(key)]

    def _file(self, key: str) -> list[Captured]:
        if key not in self._read:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read().decode()
            told = (_captured(f"s3://{self._bucket}/{key}", json.loads(line)) for line in body.splitlines())
            self._read[key] = [one for one in told if one is not None]
        return self._read[key]


def pairs_of(live: list[Captured], candidate: list[Captured]) -> Iterator[tuple[Captured, Captured]]:
    """Answers to the same request; one that was sent twice is paired in the order in which it was kept."""
    waiting: defaultdict[str, deque[Captured]] = defaultdict(deque)
    for one in candidate:
        waiting[one.key].append(one)
    for one in live:
        if waiting[one.key]:
            yield one, waiting[one.key].popleft()


def _captured(file: str, told: dict[str, Any]) -> Captured | None:
    """None where the answer tells no findings: users may ask for something else, and a candidate may answer wrongly."""
    data, about = told["captureData"], told["eventMetadata"]
    sent = hashlib.sha256(data["endpointInput"]["data"].encode()).hexdigest()[:12]
    try:
        answer = json.loads(data["endpointOutput"]["data"])
        read(answer)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Captured(key=about.get("inferenceId") or f"sha256:{sent}", line=f"{file} {about['eventId']}", answer=answer)
