"""Names of releases: the same for the same, different for anything that makes another release, never too long."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.config import Config, load
from infra.release.names import Place, release

DIGEST = "sha256:" + "0123456789abcdef" * 4
TEXT = """
project = "{project}"
region = "eu-west-1"
[environments.{env}]
instance_type = "ml.c7i.large"
{more}
"""


def config(folder: Path, more: str = "", project: str = "demo", env: str = "dev") -> Config:
    path = folder / "slipway.toml"
    path.write_text(TEXT.format(project=project, env=env, more=more))
    return load(path)


def test_name_says_place_and_digest(tmp_path: Path) -> None:
    made = release(config(tmp_path), "dev", DIGEST)
    assert re.fullmatch(r"demo-dev-0123456789ab-[0-9a-f]{8}", made.name)
    assert made.place.owns(made.name)


def test_longest_names_fit_what_sagemaker_takes(tmp_path: Path) -> None:
    long = "a2345678901234567890"
    made = release(config(tmp_path, project=long, env=long), long, DIGEST)
    assert len(made.name) == 63
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", made.name)


ALARM = "alarms = [{ metric = 'Invocation5XXErrors', threshold = 0 }]"


@pytest.mark.parametrize("more", ["instance_count = 2", "variables = { A = '1' }", ALARM])
def test_configuration_of_the_endpoint_makes_another_release(tmp_path: Path, more: str) -> None:
    assert release(config(tmp_path), "dev", DIGEST).name != release(config(tmp_path, more), "dev", DIGEST).name


@pytest.mark.parametrize("more", ["keep = 9", "production = true", "rollout = { bake_seconds = 5 }"])
def test_how_it_is_rolled_out_does_not(tmp_path: Path, more: str) -> None:
    assert release(config(tmp_path), "dev", DIGEST) == release(config(tmp_path, more), "dev", DIGEST)


def test_places_do_not_own_each_others_names() -> None:
    name = "demo-prod-eu-0123456789ab-01234567"
    assert Place("demo", "prod-eu", "eu-west-1").owns(name)
    assert not Place("demo", "prod", "eu-west-1").owns(name)
    assert not Place("demo", "prod-eu", "eu-west-1").owns(name + "0")
