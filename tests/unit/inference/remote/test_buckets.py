from __future__ import annotations

import pytest

from inference.errors import SettingsError, UrlRefused
from inference.remote.buckets import Buckets


@pytest.mark.parametrize(
    ("listed", "bucket", "key", "allowed"),
    [
        ("", "pictures", "a.jpg", False),
        ("pictures", "pictures", "a.jpg", True),
        ("pictures", "pictures", "in/a.jpg", True),
        ("pictures", "pictures2", "a.jpg", False),
        ("pictures", "pictures", "", False),
        ("other, s3://pictures", "pictures", "a.jpg", True),
        ("pictures/in/", "pictures", "in/a.jpg", True),
        ("pictures/in/", "pictures", "out/a.jpg", False),
        ("pictures/in/", "pictures", "in/../out/a.jpg", False),
        ("pictures", "pictures", "./a.jpg", False),
        ("pictures", "pictures", "a..jpg", True),
    ],
)
def test_what_may_be_read(listed: str, bucket: str, key: str, allowed: bool) -> None:
    if allowed:
        Buckets.parse(listed).check(bucket, key)
    else:
        with pytest.raises(UrlRefused, match="SLIPWAY_IMAGE_S3_BUCKETS"):
            Buckets.parse(listed).check(bucket, key)


@pytest.mark.parametrize("entry", ["*", "Upper", "a", "-ab", "https://pictures.s3.amazonaws.com", "a b c"])
def test_what_names_no_bucket(entry: str) -> None:
    with pytest.raises(SettingsError, match="SLIPWAY_IMAGE_S3_BUCKETS"):
        Buckets.parse(entry)
