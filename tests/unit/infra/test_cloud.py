"""Credentials and AWS's failures, told as sentences."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from infra.aws_errors import duplicate, explain, missing
from infra.cloud import Cloud
from infra.errors import CloudUnusable


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that credential_process prints; nothing else gives credentials."""
    printed = tmp_path / "credentials.json"
    (tmp_path / "config").write_text(f"[default]\ncredential_process = cat {printed}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return printed


def credentials(minutes: float | None) -> str:
    ends = {} if minutes is None else {"Expiration": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()}
    return json.dumps(
        {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "very-secret", "SessionToken": "t", **ends}
    )


@pytest.mark.parametrize("minutes", [None, 600])
def test_credentials_that_last(process: Path, minutes: float | None) -> None:
    process.write_text(credentials(minutes))
    assert Cloud("eu-west-1").check_credentials(timedelta(minutes=30)) is None


def test_credentials_that_end_too_soon_are_a_note(process: Path) -> None:
    process.write_text(credentials(20.5))
    note = Cloud("eu-west-1").check_credentials(timedelta(minutes=30))
    assert note
    assert "end in 20 min" in note


@pytest.mark.parametrize(
    ("printed", "says"),
    [
        (credentials(-5), "expired"),
        ("no JSON", "could not be read"),
        ("{}", "could not be read"),
        ('{"Version": 1}', "could not be read"),
        (None, "could not be read"),
    ],
    ids=["expired", "not JSON", "no version", "no keys", "process fails"],
)
def test_credentials_that_cannot_be_used(process: Path, printed: str | None, says: str) -> None:
    if printed is not None:
        process.write_text(printed)
    with pytest.raises(CloudUnusable) as caught:
        Cloud("eu-west-1").check_credentials(timedelta())
    assert says in str(caught.value)
    assert "give fresh ones" in str(caught.value)
    assert "very-secret" not in str(caught.value)


def test_no_credentials_at_all(process: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", f"{process}.none")
    with pytest.raises(CloudUnusable, match="there are no AWS credentials"):
        Cloud("eu-west-1").check_credentials(timedelta())


def refusal(code: str, message: str = "it said so.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateModel")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (refusal("ExpiredTokenException"), "have expired"),
        (refusal("UnrecognizedClientException"), "does not accept the credentials"),
        (refusal("AccessDeniedException"), "AWS denied CreateModel: it said so; add that permission"),
        (refusal("ThrottlingException"), "throttled CreateModel"),
        (refusal("ResourceLimitExceeded"), "a quota of the account is used up"),
        (refusal("ValidationException"), "AWS refused CreateModel (ValidationException): it said so; mend"),
        (NoCredentialsError(), "there are no AWS credentials"),
        (EndpointConnectionError(endpoint_url="https://x"), "could not be reached"),
    ],
)
def test_failures_are_sentences(error: Exception, says: str) -> None:
    told = explain(error)
    assert says in str(told)
    assert (str(told)[-1], told.exit_code) == (".", 6)


def test_what_is_missing_and_what_exists_already() -> None:
    assert missing(refusal("ValidationException", 'Could not find endpoint "x".'))
    assert missing(refusal("RepositoryNotFoundException"))
    assert not missing(refusal("ValidationException", "1 validation error detected"))
    assert duplicate(refusal("ValidationException", "Cannot create already existing model"))
    assert not duplicate(refusal("AccessDenied"))
