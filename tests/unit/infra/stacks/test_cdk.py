"""The CDK's command: what is said when it is not there, or fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.errors import CloudUnusable, InputError, RolloutFailed
from infra.stacks import cdk


def program(folder: Path, says: str, code: int) -> None:
    path = folder / "cdk"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\nexit {code}\n")
    path.chmod(0o755)


def test_without_the_command_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="npm ci --prefix tools/cdk"):
        cdk.diff(tmp_path, ["a"])


@pytest.mark.parametrize(
    ("says", "kind", "told"),
    [
        (
            "a | 1/3 | 6:43:11 PM | CREATE_FAILED | AWS::S3::Bucket | Data (Data1) it is taken\n\n‣ Error: more",
            RolloutFailed,
            "the deployment failed: AWS::S3::Bucket Data (Data1) it is taken; CloudFormation has taken that stack back",
        ),
        ("a: not found. Has the environment been bootstrapped? Run", CloudUnusable, "run `stacks bootstrap` first"),
        ("working\n‣ ExpiredToken: too old", RolloutFailed, "the deployment failed: ExpiredToken: too old; "),
    ],
)
def test_a_failure_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, kind: type[Exception], told: str
) -> None:
    program(tmp_path, says, 1)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    heard: list[str] = []
    with pytest.raises(kind) as failed:
        cdk.deploy(tmp_path, ["a"], heard.append)
    assert told in str(failed.value)
    assert "\n".join(heard) == says


def test_the_local_cloud_is_called_by_its_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "", 0)
    (tmp_path / "cdk").write_text('#!/bin/sh\necho "$AWS_ENDPOINT_URL"\n')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    assert cdk.diff(tmp_path, ["a"]) == "http://127.0.0.1:4566\n"
