"""Pictures in S3: `s3://bucket/key`, read with the role that the container runs with."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from inference.errors import UrlFailed
from inference.memory import Take
from inference.remote.buckets import SCHEME, Buckets
from inference.remote.credentials import CredentialSource
from inference.remote.http import Answer, Target, failures, get
from inference.remote.signature import EMPTY, signed

REGION = re.compile(r"[a-z0-9-]{1,40}")
ELSEWHERE = (301, 307, 400)
"""Statuses of an answer that names the bucket's region, when it is another one."""


class S3:
    """Reads objects. Their bucket is judged, the address is not: its host is made here, and may lie in a VPC."""

    def __init__(self, buckets: Buckets, environment: Mapping[str, str] = os.environ) -> None:
        self._buckets = buckets
        self._credentials = CredentialSource(environment)
        self._region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL") or ""
        self._regions: dict[str, str] = {}
        """Of buckets that turned out to be in another region."""

    async def fetch(self, url: str, max_bytes: int, seconds: float, take: Take = lambda _: None) -> bytes:
        """The object behind `s3://bucket/key`, whose key stands there as it is; raises UrlRefused or UrlFailed."""
        bucket, _, key = url.removeprefix(SCHEME).partition("/")
        self._buckets.check(bucket, key)
        with failures(seconds):
            answer = await self._get(bucket, key, max_bytes, take)
            region = answer.headers.get("x-amz-bucket-region", "")
            if answer.status in ELSEWHERE and REGION.fullmatch(region) and region != self._region_of(bucket):
                self._regions[bucket] = region
                answer = await self._get(bucket, key, max_bytes, take)
        if answer.status != 200:
            raise UrlFailed(_reason(answer.status))
        return answer.body

    async def _get(self, bucket: str, key: str, max_bytes: int, take: Take) -> Answer:
        credentials = await self._credentials.credentials()
        target = self._target(bucket, key)
        headers = {"Host": target.authority, "X-Amz-Content-SHA256": EMPTY}
        proof = signed(target.path, headers, credentials, f"{self._region_of(bucket)}/s3", datetime.now(UTC))
        del proof["Host"]
        return await get(target, [target.host], proof, max_bytes, take)

    def _region_of(self, bucket: str) -> str:
        return self._regions.get(bucket, self._region)

    def _target(self, bucket: str, key: str) -> Target:
        region = self._region_of(bucket)
        path = "/" + quote(key, safe="/-_.~")
        if self._endpoint:
            base = Target.parse(self._endpoint)
            return Target(base.scheme, base.host, base.port, f"{base.path.rstrip('/')}/{bucket}{path}")
        host = f"s3.{region}.amazonaws.com" + (".cn" if region.startswith("cn-") else "")
        if "." in bucket:
            # The certificate is for one name before the dot.
            return Target("https", host, 443, f"/{bucket}{path}")
        return Target("https", f"{bucket}.{host}", 443, path)


def _reason(status: int) -> str:
    if status == 403:
        return "The container's role may not read this object, or it does not exist. Allow s3:GetObject, or look again."
    if status == 404:
        return "S3 has no such object. Look at the bucket and the key."
    return f"S3 answers with status {status}. Send the request again, or the picture itself."
