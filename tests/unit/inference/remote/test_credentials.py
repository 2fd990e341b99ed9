from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from inference.errors import UrlFailed
from inference.remote.credentials import CredentialSource
from inference.remote.signature import Credentials
from tests.unit.inference.remote.hosts import answer, host


def handed_out(name: str, seconds: float = 3600) -> bytes:
    expires = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = {"AccessKeyId": name, "SecretAccessKey": "s", "Token": "t", "Expiration": expires}
    return answer(json.dumps(document).encode())


def source(url: str, **more: str) -> CredentialSource:
    return CredentialSource({"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/role", **more})


async def test_those_of_the_environment_come_first() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "c"}
    found = await CredentialSource({**environment, "AWS_CONTAINER_CREDENTIALS_FULL_URI": "x"}).credentials()
    assert found == Credentials("a", "b", "c")


async def test_those_of_a_container_are_asked_for_once(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("who-asks\n")
    async with host(handed_out("first"), handed_out("second")) as (url, asked):
        credentials = source(url, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
        found = [await credentials.credentials() for _ in range(3)]
    assert [one.access_key_id for one in found] == ["first"] * 3
    assert found[0].session_token == "t"
    assert asked[0].startswith(b"GET /role ")
    assert b"Authorization: who-asks\r\n" in asked[0]


async def test_they_are_renewed_before_they_expire() -> None:
    async with host(handed_out("first", 60), handed_out("second")) as (url, _):
        credentials = source(url)
        assert [(await credentials.credentials()).access_key_id for _ in range(3)] == ["first", "second", "second"]


async def test_they_are_used_to_their_end_when_no_others_are_to_be_had() -> None:
    async with host(handed_out("first", 60), answer(status="500 Oops")) as (url, _):
        credentials = source(url)
        assert [(await credentials.credentials()).access_key_id for _ in range(2)] == ["first", "first"]
    async with host(handed_out("first", -60), answer(status="500 Oops")) as (url, _):
        credentials = source(url)
        await credentials.credentials()
        with pytest.raises(UrlFailed):
            await credentials.credentials()


async def test_without_any_the_sentence_says_so() -> None:
    with pytest.raises(UrlFailed, match="no credentials"):
        await CredentialSource({}).credentials()


@pytest.mark.parametrize(
    "reply", [b"nothing", answer(b"no json"), answer(b"[]"), answer(b"{}"), answer(status="404 x")]
)
async def test_whoever_hands_out_something_else_is_a_sentence(reply: bytes) -> None:
    async with host(reply) as (url, _):
        with pytest.raises(UrlFailed, match="credentials cannot be had"):
            await source(url).credentials()


@pytest.mark.parametrize("url", ["http://images.example.com", "http://10.0.0.1", "ftp://127.0.0.1", "nonsense"])
async def test_credentials_are_asked_of_nobody_else(url: str) -> None:
    with pytest.raises(UrlFailed, match="credentials cannot be had"):
        await source(url).credentials()


async def test_the_address_of_a_task_is_the_one_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def get(target: Any, *_: Any) -> Any:
        asked.append((target.scheme, target.host, target.port, target.path))
        raise OSError(113, "No route to host")

    monkeypatch.setattr("inference.remote.credentials.get", get)
    with pytest.raises(UrlFailed, match="No route"):
        await CredentialSource({"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}).credentials()
    assert asked == [("http", "169.254.170.2", 80, "/v2/credentials/x")]
