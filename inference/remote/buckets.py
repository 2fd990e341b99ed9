"""Which buckets `image_url` may point to, when it says `s3://bucket/key`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from inference.errors import SettingsError, UrlRefused

SCHEME = "s3://"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
"""Names of buckets (Amazon S3 User Guide: "Bucket naming rules")."""


@dataclass(frozen=True)
class Buckets:
    """What may be read: whole buckets (`pictures`) and parts of them (`pictures/incoming/`)."""

    allowed: tuple[tuple[str, str], ...] = ()
    """Names and prefixes of keys."""

    @classmethod
    def parse(cls, text: str) -> Buckets:
        """Reads the comma-separated setting; raises SettingsError for an entry that names no bucket."""
        entries = [entry.strip().removeprefix(SCHEME) for entry in text.split(",") if entry.strip()]
        for entry in entries:
            if not BUCKET.fullmatch(entry.partition("/")[0]):
                raise SettingsError(
                    f"SLIPWAY_IMAGE_S3_BUCKETS holds {entry!r}, which is neither a bucket (pictures) nor a part of one "
                    "(pictures/incoming/)."
                )
        return cls(tuple((bucket, prefix) for bucket, _, prefix in (entry.partition("/") for entry in entries)))

    def check(self, bucket: str, key: str) -> None:
        """Raises UrlRefused unless the key lies in what may be read."""
        # S3 takes keys as they are; what only speaks like it may take `..` for the way out of a prefix.
        # Without a key it would be a list of the bucket that is asked for.
        is_plain = bool(key) and not {".", ".."} & set(key.split("/"))
        if not is_plain or not any(bucket == name and key.startswith(prefix) for name, prefix in self.allowed):
            raise UrlRefused(
                f"The object {key[:100]!r} of the bucket {bucket[:63]!r} is not one that this server may read. Add "
                "the bucket to SLIPWAY_IMAGE_S3_BUCKETS of the container, or send the picture itself."
            )


NO_BUCKETS = Buckets()
"""The default: nothing is read from S3."""
