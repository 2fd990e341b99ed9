from __future__ import annotations

from datetime import UTC, datetime
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from inference.remote.signature import EMPTY, Credentials, signed


def signature(headers: dict[str, str]) -> str:
    return headers["Authorization"].rpartition("Signature=")[2]


def test_get_vanilla_of_the_signature_test_suite() -> None:
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    when = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    headers = signed("/", {"Host": "example.amazonaws.com"}, credentials, "us-east-1/service", when)
    assert headers["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
    )


def test_get_object_of_the_reference_of_s3() -> None:
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    sent = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9", "x-amz-content-sha256": EMPTY}
    headers = signed("/test.txt", sent, credentials, "us-east-1/s3", datetime(2013, 5, 24, tzinfo=UTC))
    assert signature(headers) == "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.sampled_from(["", "a token/+="]))
def test_any_key_is_signed_as_by_aws_own_library(key: str, token: str) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    path = "/" + quote(key, safe="/-_.~")
    sent = {"Host": "b.s3.eu-west-1.amazonaws.com", "X-Amz-Content-SHA256": EMPTY}
    ours = signed(path, sent, Credentials("AKIDEXAMPLE", "secret", token), "eu-west-1/s3", when)
    request = AWSRequest("GET", f"https://b.s3.eu-west-1.amazonaws.com{path}")
    request.context["payload_signing_enabled"] = True
    theirs = botocore.auth.S3SigV4Auth(BotoCredentials("AKIDEXAMPLE", "secret", token or None), "s3", "eu-west-1")
    with mock.patch("botocore.auth.get_current_datetime", lambda: when.replace(tzinfo=None)):
        theirs.add_auth(request)
    assert ours["Authorization"] == request.headers["Authorization"]
