"""The command line: mistakes end with exit code 2 and a sentence, before AWS is asked for anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.__main__ import main

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    path = tmp_path / "slipway.toml"
    path.write_text('project = "demo"\nregion = "eu-west-1"\n[environments.dev]\n')
    (tmp_path / "sample.jpg").write_bytes(b"\xff\xd8")
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "large.jpg").write_bytes(b"0" * 7 * 1024 * 1024)
    (tmp_path / "odd.json").write_text('{"boxes": []}')
    (tmp_path / "worse.json").write_text('{"detections": [{"label": "x", "score": "high", "box": [1, 2, 3]}]}')
    monkeypatch.chdir(tmp_path)
    return path


CAPACITY = ["capacity", "--env", "dev", "--url", "http://127.0.0.1:9", "--sample", "sample.jpg", "--rate", "5"]
SPLIT = ["split", "--env", "dev", "--sample", "sample.jpg"]
SHADOW = ["shadow", "--env", "dev", "--sample", "sample.jpg", "--digest", DIGEST]
DEPLOY = ["deploy", "--env", "dev", "--git-sha", "abc"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "required: VERB"),
        (["fly"], "invalid choice: 'fly'"),
        (["status"], "required: --env"),
        (["status", "--env", "dve"], "write one of: dev (did you mean dev?)"),
        (["status", "--env", "dev", "--config", "none.toml"], "none.toml does not exist"),
        (["status", "--env", "dev", "--digest", "latest"], "'latest' is not an image digest"),
        ([*DEPLOY, "--sample", "sample.jpg"], "one of the arguments --digest --layout is required"),
        ([*DEPLOY, "--sample", "sample.jpg", "--digest", "sha256:abc"], "is not an image digest"),
        ([*DEPLOY, "--sample", "none.jpg", "--digest", DIGEST], "none.jpg cannot be read: No such file"),
        ([*DEPLOY, "--sample", "empty.jpg", "--digest", DIGEST], "is empty"),
        ([*DEPLOY, "--sample", "large.jpg", "--digest", DIGEST], "larger than the payload limit"),
        (
            [*DEPLOY, "--sample", "sample.jpg", "--expected", "odd.json", "--digest", DIGEST],
            "odd.json does not say what to expect",
        ),
        (
            [*DEPLOY, "--sample", "sample.jpg", "--expected", "worse.json", "--digest", DIGEST],
            "worse.json does not say what to expect",
        ),
        ([*DEPLOY, "--sample", "sample.jpg", "--layout", "none"], "none is not an OCI image layout"),
        ([*SPLIT, "--percent", "10", "--digest", "latest"], "'latest' is not an image digest"),
        ([*SPLIT, "--percent", "10", "--digest", ""], "'' is not an image digest"),
        ([*SPLIT, "--percent", "100", "--digest", DIGEST], "--percent is 100; write 1 to 99"),
        (SHADOW, "environments.dev has no shadow"),
        ([*SHADOW, "--seconds", "nan"], "argument --seconds: 'nan' is no number above 0"),
        ([*SHADOW, "--requests", "-5"], "argument --requests: '-5' is no whole number above 0"),
        ([*CAPACITY, "--seconds", "inf"], "argument --seconds: 'inf' is no number above 0"),
        ([*CAPACITY, "--seconds", "soon"], "argument --seconds: 'soon' is no number above 0"),
        ([*CAPACITY, "--p99-ms", "-3"], "argument --p99-ms: '-3' is no number above 0"),
        ([*CAPACITY, "--headroom", "1"], "--headroom is 1"),
        ([*CAPACITY, "--url", "http://127.0.0.1:99999"], "is not the address of a server"),
        ([*CAPACITY, "--url", "http://[::1"], "is not the address of a server"),
        (["prices", "--env", "dev", "--list", "prices.json"], "'prices.json' is not the address of a price list"),
        (["publish", "--env", "dev", "--layout", "none", "--tag", "x"], "none is not an OCI image layout"),
    ],
)
def test_mistakes_are_sentences(
    toml: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(arguments) == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert last.startswith("error: ")
    assert says in last


def test_failed_deploy_has_a_report(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = toml.with_name("report.json")
    wanted = ["--sample", "sample.jpg", "--digest", DIGEST, "--output", str(output)]
    assert main([*DEPLOY, *wanted]) == 6
    report = json.loads(output.read_text())
    assert (report["outcome"], report["changed"], report["digest"]) == ("failed", False, DIGEST)
    assert "could not be reached" in report["error"]
    assert "## deploy to dev failed" in capsys.readouterr().out


def test_a_mistake_of_ours_is_no_interruption(toml: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.release.deploy.plan", lambda *_, **__: 1 // 0)
    output = toml.with_name("report.json")
    assert main([*DEPLOY, "--sample", "sample.jpg", "--digest", DIGEST, "--output", str(output)]) == 1
    report = json.loads(output.read_text())
    assert (report["outcome"], report["error"]) == ("failed", "this is a mistake in Slipway (ZeroDivisionError)")


def test_expired_credentials_are_told_before_anything_else(
    toml: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "secret", "SessionToken": "t"}
    toml.with_name("printed").write_text(json.dumps({**printed, "Expiration": "2020-01-01T00:00:00Z"}))
    toml.with_name("aws").write_text(f"[default]\ncredential_process = cat {toml.with_name('printed')}\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(toml.with_name("aws")))
    assert main(["destroy", "--env", "dev"]) == 6
    assert "the AWS credentials cannot be used: they have expired; give fresh ones" in capsys.readouterr().err


def test_output_that_cannot_be_written(toml: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["status", "--env", "dev", "--output", "sample.jpg/report.json"]
    assert main(arguments) == 2
    assert "sample.jpg/report.json cannot be written" in capsys.readouterr().err
