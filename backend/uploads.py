"""Pictures that are larger than a message: their parts wait in S3 until all of them are there.

Each part is handled by an invocation of its own, at the same time as others and in any order. S3 shows every object as
soon as it is written, so whoever writes the last missing part sees all of them; should two see that at once, the
conditional write of a further object lets one alone go on.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from backend.detector import Question
from backend.message import Part
from backend.problem import Problem
from backend.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LARGEST = 6 * 1024 * 1024
"""Bytes of a picture: what InvokeEndpoint takes.
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html"""
_TAKEN = "taken"


@cache
def _s3() -> S3Client:
    return boto3.client("s3", config=Config(connect_timeout=3, read_timeout=10))


@dataclass(frozen=True)
class Uploads:
    """What one connection has sent and not been answered."""

    bucket: str
    connection: str

    @classmethod
    def of(cls, connection: str) -> Uploads:
        """The uploads of a connection; Problem where the backend has no bucket for any."""
        bucket = settings().uploads
        if bucket is None:
            raise Problem(
                501, "no_uploads", "This backend takes no pictures in parts; send s3:// or https:// as image_url."
            )
        return cls(bucket, connection)

    def add(self, identity: str, part: Part, question: Question) -> Question | None:
        """Keep a part; the whole question where no other part is missing, for one of all callers."""
        name = f"{part.number:03d}" + (".last" if part.last else "")
        _s3().put_object(
            Bucket=self.bucket,
            Key=self._key(identity, name),
            Body=question.body,
            Metadata={"kind": question.content_type, "attributes": question.attributes},
        )
        found = self._list(f"{identity}/")
        parts = sorted(key for key in found if not key.endswith(_TAKEN))
        last = [key for key in parts if key.endswith(".last")]
        if not last or len(parts) != int(last[0].rpartition("/")[2][:3]) + 1 or not self._take(identity):
            return None
        try:
            if sum(found.values()) > LARGEST:
                raise Problem(413, "body_too_large", f"The picture has more than {LARGEST:,} bytes; send it as s3://.")
            return self._joined(parts, last[0], question.inference_id)
        finally:
            self._remove([*parts, self._key(identity, _TAKEN)])

    def forget(self) -> None:
        """Remove what is left when the client leaves."""
        self._remove(list(self._list("")))

    def _joined(self, parts: list[str], last: str, inference_id: str) -> Question:
        read = [_s3().get_object(Bucket=self.bucket, Key=key) for key in parts]
        told = read[parts.index(last)]["Metadata"]
        body = b"".join(part["Body"].read() for part in read)
        return Question(body, told["kind"], told["attributes"], inference_id=inference_id)

    def _take(self, identity: str) -> bool:
        try:
            _s3().put_object(Bucket=self.bucket, Key=self._key(identity, _TAKEN), IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"].get("Code") in ("PreconditionFailed", "ConditionalRequestConflict"):
                return False
            raise
        return True

    def _list(self, below: str) -> dict[str, int]:
        listed: Any = _s3().list_objects_v2(Bucket=self.bucket, Prefix=self._key(below, "").rstrip("/") + "/")
        return {one["Key"]: one["Size"] for one in listed.get("Contents", [])}

    def _remove(self, keys: list[str]) -> None:
        if keys:
            _s3().delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys]})

    def _key(self, identity: str, name: str) -> str:
        return "/".join(part for part in ("uploads", self.connection, identity.rstrip("/"), name) if part)
