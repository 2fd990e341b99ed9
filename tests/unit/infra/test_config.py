"""slipway.toml: the defaults, and a sentence with a line for everything that can be wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.config import load
from infra.errors import InputError

GOOD = """\
project = "demo"
region = "eu-west-1"

[environments.dev]

[environments.prod]
production = true
instance_type = "ml.g5.xlarge"
inference_ami_version = "al2023-ami-sagemaker-inference-gpu-4-1"
instance_count = 4
keep = 3
rollout = { type = "canary", percent = 25, bake_seconds = 60 }
alarms = [
  { metric = "Invocation5XXErrors", threshold = 0 },
  { metric = "ModelLatency", statistic = "p90", threshold = 1.5e6 },
]

[environments.prod.variables]
LEVEL = "info"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "slipway.toml"
    path.write_text(text)
    return path


def test_the_projects_own_file_is_valid() -> None:
    config = load(Path(__file__).parents[3] / "slipway.toml")
    assert list(config.settings.environments) == ["dev", "staging", "preview", "prod"]
    assert [name for name, one in config.settings.environments.items() if one.production] == ["prod"]


def test_values_and_defaults(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    dev, prod = config.environment("dev"), config.environment("prod")
    assert (config.repository, config.execution_role) == ("demo", "demo-runtime")
    assert (dev.instance_count, dev.keep, dev.production, dev.rollout.type) == (1, 2, False, "all-at-once")
    assert (prod.rollout.percent, prod.alarms[1].threshold, prod.variables) == (25, 1.5e6, {"LEVEL": "info"})
    assert (dev.device, dev.platform) == ("cpu", "linux/amd64")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("instance_count = 4", "instance_count = 0", "line 10: environments.prod.instance_count is 0; write 1 or more"),
        ("instance_count = 4", 'instance_count = "4"', "instance_count is '4'; write a whole number"),
        ("instance_count = 4", "instance_count = 1", "line 6: environments.prod has a canary rollout and 1 instance"),
        (
            GOOD[GOOD.index("alarms") : GOOD.index("]\n\n[environments.prod.v") + 1],
            "",
            "a canary rollout and no alarms",
        ),
        ("keep = 3", 'region = "eu-west-1"\nregions = ["us-east-1"]', "has a region and regions; keep one"),
        ("keep = 3", 'regions = ["us-east-1", ["us-east-1"]]', "regions names us-east-1 twice"),
        ("keep = 3", 'regions = ["us-east-1", []]', "has a wave without a region"),
        ("keep = 3", 'regions = ["us-east-1", ["Ireland"]]', "regions[2][1] is 'Ireland'; write"),
        ("keep = 3", 'regions = "us-east-1"', "regions is 'us-east-1'; write a list"),
        ("dev]\n", 'p]\nexpires_hours = 1\nregions = ["us-east-1"]\n', "a preview is in one region"),
        ("keep = 3", "kep = 3", "line 11: environments.prod.kep is not a setting (did you mean keep?)"),
        ("keep = 3", "zzz = 3", "zzz is not a setting; known are: instance_type"),
        ("production = true", "production = 1", "line 7: environments.prod.production is 1; write true or false"),
        ('"canary"', '"canari"', "line 12: environments.prod.rollout.type is 'canari'; write 'all-at-once'"),
        ("percent = 25", "percent = 51", "rollout.percent is 51; write 50 or less"),
        ("percent = 25, ", "", "line 12: environments.prod.rollout is canary without a percent"),
        ('"canary", percent = 25', '"linear", percent = 5', "linear steps are 10 to 50"),
        ('"canary"', '"all-at-once"', "rollout has a percent, but all-at-once moves everything"),
        ("bake_seconds = 60", "bake = 60", "rollout.bake is not a setting (did you mean bake_seconds?)"),
        ('"ModelLatency"', '"Latency"', "line 15: environments.prod.alarms[2].metric is 'Latency'"),
        ("threshold = 0", "threshold = -1", "line 14: environments.prod.alarms[1].threshold is -1; write 0 or more"),
        ('"ModelLatency"', '"Invocation5XXErrors"', "names Invocation5XXErrors twice"),
        ('"p90"', '"middle"', "line 15: environments.prod.alarms[2].statistic is 'middle'; write Sum, Average"),
        ('"ml.g5.xlarge"', '"g5.xlarge"', "write a SageMaker instance type such as"),
        ('"ml.g5.xlarge"', '"ml.c7i.large"', "ml.c7i.large has none"),
        ("gpu-4-1", "gpu-9", "line 9: environments.prod.inference_ami_version is"),
        ('region = "eu-west-1"', 'region = "Ireland"', "line 2: region is 'Ireland'; write an AWS region"),
        ('region = "eu-west-1"\n', "", "slipway.toml: region is missing; add it, an AWS region"),
        (
            "[environments.dev]",
            '[prices.eu-west-1]\n"c7i.large" = 1\n[environments.dev]',
            "write a region and then an instance type",
        ),
        ("[environments.dev]", "[prices.Ireland]\n[environments.dev]", "write a region and then an instance type"),
        (
            "[environments.dev]",
            '[prices.eu-west-1]\n"ml.c7i.large" = 0\n[environments.dev]',
            "prices.eu-west-1.ml.c7i.large is 0; write more than 0",
        ),
        (
            '"demo"',
            '"demo"\nnotify_topic = "alerts"',
            "line 2: notify_topic is 'alerts'; write the ARN of a standard topic",
        ),
        ('"demo"', '"Demo_App"', "line 1: project is 'Demo_App'; write small letters"),
        ('"demo"', '"a-name-much-too-long-for-it"', "write at most 20 characters"),
        ("[environments.dev]", "[environments.Dev]", "line 4: environments.Dev is 'Dev'; write small letters"),
        ("[environments.dev]", "[enviroments.dev]", "enviroments is not a setting (did you mean environments?)"),
        ('LEVEL = "info"', "LEVEL = 3", "line 19: environments.prod.variables.LEVEL is 3; write a text in quotes"),
        ('LEVEL = "info"', '"A B" = "info"', "line 19: environments.prod.variables.A B is 'A B'; write letters"),
        ("LEVEL =", "SLIPWAY_PORT =", "line 19: environments.prod.variables.SLIPWAY_PORT breaks the container"),
        ("LEVEL =", "PYTHONPATH =", "variables.PYTHONPATH breaks the container: the image's packages"),
        ("keep = 3", 'device = "cuda"\nregress = true', "has regress = true and runs on ml.g5.xlarge"),
        ("keep = 3", "expires_hours = 1", "line 6: environments.prod is production and expires"),
        ("keep = 3", 'promoted_from = "de"', "promotes prod from de, which is not another environment (did you mean"),
        ("keep = 3", 'promoted_from = "prod"', "promotes prod from prod, which is not another environment"),
        ("dev]\n", "long-preview]\nexpires_hours = 1\n", "has the preview long-preview, whose name has 12 letters"),
        (
            "[environments.dev]",
            "[environments.p]\nexpires_hours = 1\n[environments.p-eu]\n[environments.dev]",
            "has p-eu beside the preview p, and a branch could get that very name",
        ),
        (
            "[environments.dev]",
            '[environments.p]\nexpires_hours = 1\n[environments.dev]\npromoted_from = "p"',
            "promotes dev from p, which is a preview",
        ),
        ("keep = 3", "keep = ", "is not valid TOML: Invalid value (at line 11"),
        ("keep = 3", "keep = 3\nkeep = 4", "is not valid TOML: Cannot overwrite a value (at line 12"),
    ],
)
def test_wrong_values_are_told_with_their_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, GOOD.replace(old, new)))
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, GOOD.replace("keep = 3", "keep = 0").replace('"eu-west-1"', "1")))
    assert len(str(caught.value).splitlines()) == 2


def test_waves_of_regions(tmp_path: Path) -> None:
    text = GOOD.replace("keep = 3", 'regions = ["eu-west-1", ["us-east-1", "ap-northeast-1"]]')
    config = load(write(tmp_path, text))
    assert config.waves("prod") == (("eu-west-1",), ("us-east-1", "ap-northeast-1"))
    assert (config.region("prod"), config.waves("dev")) == ("eu-west-1", (("eu-west-1",),))
    there = config.at("prod", "us-east-1")
    assert (there.region("prod"), there.waves("prod"), there.region("dev")) == (
        "us-east-1",
        (("us-east-1",),),
        "eu-west-1",
    )
    with pytest.raises(InputError, match="prod is not in us-west-2; name one of: eu-west-1, us-east-1"):
        config.at("prod", "us-west-2")


def test_unknown_environment_lists_the_known_ones(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD))
    with pytest.raises(InputError, match=r"has no environment 'prd'; write one of: dev, prod \(did you mean prod\?\)"):
        config.environment("prd")


def test_a_branch_has_the_settings_of_its_preview(tmp_path: Path) -> None:
    config = load(write(tmp_path, GOOD + "[environments.preview]\nexpires_hours = 24\nkeep = 7\n"))
    boxes = ("preview-boxes", "boxes")
    assert config.resolve("preview", "boxes") == config.resolve("preview/boxes") == boxes
    assert config.resolve("preview/other", "boxes") == ("preview-other", "other")
    assert config.resolve("preview-boxes", "main") == ("preview-boxes", "")
    assert config.resolve("dev", "boxes") == ("dev", "")
    assert config.environment("preview-boxes").keep == 7


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("preview", "preview is made for a branch; write --env preview/BRANCH"),
        ("dev/boxes", "dev is no preview, so it has no branch"),
        ("previw/boxes", "no environment 'previw'"),
        ("dev-boxes", "no environment 'dev-boxes'"),
        ("preview-Boxes", "no environment 'preview-Boxes'"),
        ("preview-", "no environment 'preview-'"),
        ("preview-longer-than-any", "no environment 'preview-longer-than-any'"),
    ],
)
def test_environments_that_cannot_be_meant(tmp_path: Path, name: str, says: str) -> None:
    config = load(write(tmp_path, GOOD + "[environments.preview]\nexpires_hours = 24\n"))
    with pytest.raises(InputError, match=says):
        config.resolve(name)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "not UTF-8"])
def test_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "slipway.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="does not exist" if content is None else "UTF-8"):
        load(path)


def test_environments_are_needed(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"environments is missing"):
        load(write(tmp_path, 'project = "demo"\nregion = "eu-west-1"\n'))
    with pytest.raises(InputError, match=r"environments is empty; add a table such as \[environments.dev\]"):
        load(write(tmp_path, 'project = "demo"\nregion = "eu-west-1"\n[environments]\n'))
