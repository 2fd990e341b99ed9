"""The tables of slipway.toml about the stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.config import Config, load
from infra.errors import InputError
from infra.stacks import names

GOOD = """\
project = "demo"
region = "eu-west-1"

[stacks.github]
repo = "octo/ship"

[environments.dev]

[environments.preview]
expires_hours = 24

[environments.prod]
instance_count = 2

[environments.prod.watching]
emails = ["ops@example.com"]

[environments.prod.scaling]
max_instances = 4

[[environments.prod.scaling.schedule]]
cron = "0 8 ? * MON-FRI *"
min_instances = 3
max_instances = 6
"""


def read(folder: Path, text: str) -> Config:
    path = folder / "slipway.toml"
    path.write_text(text)
    return load(path)


def test_nothing_needs_to_be_written(tmp_path: Path) -> None:
    config = read(tmp_path, 'project = "demo"\nregion = "eu-west-1"\n[environments.dev]\n')
    assert names.of_environment(config, "dev") == ["demo-registry", "demo-storage", "demo-roles", "demo-dev-watching"]


def test_an_environment_of_another_region_has_a_registry_there(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD.replace("instance_count = 2", 'instance_count = 2\nregion = "us-east-1"'))
    assert names.of_environment(config, "prod")[0] == "demo-registry-us-east-1"
    assert names.of_environment(config, "dev")[0] == "demo-registry"


def test_an_environment_of_several_regions_has_stacks_in_each(tmp_path: Path) -> None:
    config = read(
        tmp_path, GOOD.replace("instance_count = 2", 'instance_count = 2\nregions = ["eu-west-1", "us-east-1"]')
    )
    own = ["watching", "scaling"]
    assert names.of_environment(config, "prod") == [
        *("demo-registry", "demo-registry-us-east-1", "demo-storage", "demo-roles"),
        *(f"demo-prod-{what}" for what in own),
        *(f"demo-prod-{what}-us-east-1" for what in own),
    ]


def test_a_preview_has_no_stacks(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD)
    with pytest.raises(InputError, match=r"preview-boxes is a preview, and previews have no stacks.*dev, prod"):
        names.of_environment(config, "preview-boxes")


def test_the_longest_names_fit(tmp_path: Path) -> None:
    config = read(tmp_path, GOOD.replace('"demo"', f'"{"a" * 20}"').replace("eu-west-1", "ap-southeast-1"))
    assert max(len(names.bucket(config, what, "1" * 12)) for what in names.BUCKETS) <= 63


@pytest.mark.parametrize(
    ("ids", "subject"),
    [
        ("", "repo:octo/ship:ref:refs/heads/main"),
        ("owner_id = 11\nrepo_id = 22\n", "repo:octo@11/ship@22:ref:refs/heads/main"),
    ],
)
def test_both_forms_of_github_s_subject(tmp_path: Path, ids: str, subject: str) -> None:
    github = read(tmp_path, GOOD.replace('"octo/ship"\n', f'"octo/ship"\n{ids}')).settings.stacks.github
    assert github is not None
    assert github.subject == subject


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"octo/ship"', '"octo/ship"\nowner_id = 11', "line 4: stacks.github has one id of two; write both owner_id"),
        ('"octo/ship"', '"ship"', "line 5: stacks.github.repo is 'ship'; write a repository on GitHub"),
        ('"octo/ship"', """"octo/ship"\nbranch = 'main", "x'""", "line 6: stacks.github.branch is 'main\", \"x'"),
        ('"octo/ship"', '"octo/ship"\nbranch = "*"', "line 6: stacks.github.branch is '*'; write a branch without"),
        ('"ops@example.com"', '"ops"', "emails[1] is 'ops'; write an address"),
        ("max_instances = 4", "max_instances = 1", "environments.prod scales from 2 to 1 instances; raise scaling.max"),
        ("max_instances = 4", "max = 4", "environments.prod.scaling.max is not a setting"),
        ("max_instances = 6", "max_instances = 2", "has min_instances = 3 above max_instances = 2; raise the one"),
        ('"0 8 ? * MON-FRI *"', '"0 8 * * *"', "cron is '0 8 * * *'; write six fields"),
        (
            "expires_hours = 24",
            "expires_hours = 24\nfront = {}",
            "line 9: environments.preview expires and has",
        ),
        ("instance_count = 2", 'front = { access = "jwt" }', "line 13: environments.prod.front has access = 'jwt' and"),
        (
            "instance_count = 2",
            'front = { access = "jwt", jwt = { issuer = "x", audiences = ["a"] } }',
            "the address of who",
        ),
        (
            "instance_count = 2",
            'front = { access = "jwt", jwt = { issuer = "https://x.y", audiences = [] } }',
            "environments.prod.front.jwt.audiences is empty; add one.",
        ),
        (
            "[environments.dev]",
            '[environments.dev]\nasynchronous = { output = "s3://demo-a" }\nfront = {}',
            "remove front",
        ),
        (
            "[environments.dev]",
            '[prices.eu-west-1]\n"ml.m5.large" = inf\n[environments.dev]',
            "is inf; write a number that",
        ),
        (
            "[environments.dev]",
            '[prices.eu-west-1]\n"ml.m5.large" = "x"\n[environments.dev]',
            "is 'x'; write a number.",
        ),
        ("instance_count = 2", "front = { burst = 0 }", "environments.prod.front.burst is 0; write 1 or more"),
        ("instance_count = 2", "serverless = {}", "environments.prod is serverless and has scaling"),
        ('"ops@example.com"]', '"ops@example.com"]\nlog_days = 31', "log_days is 31; write 1, 3, 5, 7"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, GOOD.replace(old, new))
    assert says in str(refused.value)
