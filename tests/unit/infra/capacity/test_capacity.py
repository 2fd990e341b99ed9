"""What an instance bears, how many a rate needs, and what they cost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from infra.__main__ import main
from infra.capacity.search import Step, search
from infra.capacity.sizing import choices, instances, parse_rate
from infra.errors import InputError, Refused
from infra.pricing.instances import accelerated, vcpus
from infra.pricing.table import PriceList
from tests.unit.infra.servers import answering

REGION = "eu-west-1"
TOML = """\
project = "demo"
region = "eu-west-1"
[prices.eu-west-1]
"ml.c7i.large" = 0.1
"ml.c7i.xlarge" = 0.19
"ml.g5.xlarge" = 0.01
"ml.c7g.large" = 0.01
[environments.dev]
[environments.gpu]
instance_type = "ml.g6.xlarge"
inference_ami_version = "al2023-ami-sagemaker-inference-gpu-4-1"
device = "cuda"
[environments.arm]
instance_type = "ml.c7g.large"
[environments.none]
serverless = { memory_mb = 1024 }
"""


def queue(clients: int) -> Step:
    """Two cores that take 20 ms for a request: more than 2 clients wait."""
    return Step(clients, min(clients, 2) * 50, 20, 20 * max(1, clients / 2))


def test_the_search_ends_at_the_highest_rate_that_holds_the_latency() -> None:
    steps = search(queue, 500)
    assert (steps[-1].clients, steps[-1].rate) == (2, 100)
    assert max(step.clients for step in steps) == 4, "no more clients than bring more"


def test_the_search_closes_in_on_the_limit() -> None:
    def slower(clients: int) -> Step:
        return Step(clients, clients * 10, 10, 10.0 * clients)

    steps = search(slower, 110)
    assert (steps[-1].clients, steps[-1].p99_ms) == (11, 110)
    assert len(steps) < 10


def test_failures_end_the_search() -> None:
    steps = search(lambda clients: Step(clients, clients * 10, 10, 10, failed=int(clients > 5)), 100)
    assert steps[-1].clients == 5


def test_a_server_that_is_too_slow_for_one_client_is_refused() -> None:
    with pytest.raises(Refused, match="one request at a time has a p99 of 300 ms already, and the limit is 200 ms"):
        search(lambda clients: Step(clients, 3, 300, 300), 200)


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", 50), ("50", 50), ("3000/min", 50), ("180000 / h", 50), ("4.32e6/d", 50)]
)
def test_rates_have_units(text: str, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "fast", "-3/s", "0/s", "5/week", "1e999/s"])
def test_other_rates_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="write a number and /s"):
        parse_rate(text)


def test_headroom_is_left_free_and_there_is_always_one_instance() -> None:
    assert instances(70, 100, 0.3) == 1
    assert instances(71, 100, 0.3) == 2
    assert instances(0.1, 100, 0.3) == 1


def test_other_types_are_scaled_by_vcpus_and_the_cheapest_comes_first() -> None:
    prices = PriceList(
        {REGION: {"ml.c7i.large": 0.1, "ml.c7i.xlarge": 0.19, "ml.g5.xlarge": 0.01, "ml.c7g.large": 0.01}}
    )
    found = choices(prices, REGION, "ml.c7i.large", (2, 10.0), 35, 0.3)
    told = [(one.instance_type, one.instances, one.monthly) for one in found if "c7i" in one.instance_type]
    assert told == [("ml.c7i.large", 5, 365.0), ("ml.c7i.xlarge", 3, 416.1)]
    even = choices(
        PriceList({REGION: {"ml.c7i.large": 0.1, "ml.a.xlarge": 0.2}}), REGION, "ml.c7i.large", (2, 10.0), 20, 0.5
    )
    assert [(one.measured, one.monthly) for one in even][:2] == [(True, 292.0), (False, 292.0)], (
        "of equals the measured"
    )
    own = next(one for one in found if one.instance_type == "ml.c7i.large")
    assert (own.measured, own.per_instance, own.instances, own.monthly) == (True, 10.0, 5, 365.0)
    assert not {"ml.g5.xlarge", "ml.c7g.large"} & {one.instance_type for one in found}, "no GPU and no other processor"


def test_a_machine_with_fewer_cores_than_the_instance_gives_an_estimate() -> None:
    (found,) = (one for one in choices(PriceList({}), "xx-none-1", "ml.c7i.xlarge", (2, 10.0), 10, 0.0))
    assert (found.measured, found.per_instance, found.monthly) == (False, 20.0, None)


@pytest.mark.parametrize(
    ("kind", "cores"), [("ml.c7i.large", 2), ("ml.m5.24xlarge", 96), ("ml.c4.8xlarge", 36), ("ml.c8g.medium", 1)]
)
def test_vcpus_follow_from_the_size(kind: str, cores: int) -> None:
    assert vcpus(kind) == cores
    assert not accelerated(kind)


@pytest.mark.parametrize(
    "kind", ["ml.g4dn.xlarge", "ml.g6e.2xlarge", "ml.p5.48xlarge", "ml.inf2.xlarge", "ml.trn1.2xlarge"]
)
def test_accelerators_are_known(kind: str) -> None:
    assert accelerated(kind)


def test_a_real_server_is_measured_sized_and_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "slipway.toml").write_text(TOML)
    (tmp_path / "sample.jpg").write_bytes(b"picture")
    files = ["--config", str(tmp_path / "slipway.toml"), "--output", str(tmp_path / "out.json")]
    with answering("one", [], 0.005) as target:
        url = ["--url", f"http://127.0.0.1:{target.port}", "--sample", str(tmp_path / "sample.jpg")]
        words = ["--rate", "300/s", "--p99-ms", "2000", "--seconds", "0.3"]
        assert main(["capacity", "--env", "dev", *url, *words, *files]) == 0
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["best"]["rate"] < 200, "5 ms of one core each"
    assert told["best"]["p99_ms"] <= 2000
    assert told["instances"] * told["per_instance"] * 0.7 >= 300
    assert told["monthly"] == pytest.approx(told["instances"] * 73.0)
    assert "measured in the engine, on" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ("gpu", "the engine has no accelerator"),
        ("arm", "whose processor is arm64, and the engine would emulate it"),
        ("none", "environments.none is serverless"),
    ],
)
def test_what_the_engine_cannot_stand_for_is_refused(
    tmp_path: Path, environment: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slipway.toml").write_text(TOML)
    (tmp_path / "sample.jpg").write_bytes(b"picture")
    words = ["--url", "http://127.0.0.1:1", "--sample", str(tmp_path / "sample.jpg"), "--rate", "1"]
    assert main(["capacity", "--env", environment, "--config", str(tmp_path / "slipway.toml"), *words]) == 3
    assert says in capsys.readouterr().err
