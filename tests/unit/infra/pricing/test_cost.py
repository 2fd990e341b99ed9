"""What a configuration costs a month, what a change makes of it, and that nothing is guessed."""

from __future__ import annotations

from typing import Any

import pytest

from infra.pricing.cost import change, cost
from infra.pricing.table import PriceList, published

REGION = "eu-west-1"
PRICES = PriceList({REGION: {"ml.c7i.large": 0.165, "ml.c7i.xlarge": 0.33, "serverless": 0.00002}})


def variant(kind: str, count: int = 1) -> dict[str, Any]:
    return {"InstanceType": kind, "InitialInstanceCount": count}


def test_a_month_has_730_hours_of_every_instance() -> None:
    found = cost(PRICES, REGION, [variant("ml.c7i.large", 2)])
    assert found.monthly == round(0.165 * 2 * 730, 2) == 240.9
    assert found.text == "$240.90 a month (730 h of 2 ml.c7i.large at $0.165 an hour: slipway.toml)"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (variant("ml.c7i.large"), variant("ml.c7i.large", 2), "+ $120.45 a month, from 1 to 2 ml.c7i.large"),
        (variant("ml.c7i.large", 2), variant("ml.c7i.large"), "- $120.45 a month, from 2 to 1 ml.c7i.large"),
        (
            variant("ml.c7i.large"),
            variant("ml.c7i.xlarge"),
            "+ $120.45 a month, from 1 ml.c7i.large to 1 ml.c7i.xlarge",
        ),
        (variant("ml.c7i.large"), variant("ml.c7i.large"), "none"),
        (variant("ml.x9.large"), variant("ml.c7i.large"), "unknown, from 1 ml.x9.large to 1 ml.c7i.large"),
        (None, variant("ml.c7i.large"), "+ $120.45 a month, from nothing to 1 ml.c7i.large"),
    ],
)
def test_the_change_is_said_in_a_sentence(old: dict[str, Any] | None, new: dict[str, Any], told: str) -> None:
    before = cost(PRICES, REGION, [old]) if old else None
    assert change(before, cost(PRICES, REGION, [new])) == told


def test_instances_that_are_scaled_cost_from_the_fewest_to_the_most() -> None:
    found = cost(PRICES, REGION, [variant("ml.c7i.large", 2)], (1, 4))
    assert found.monthly == 240.9
    assert found.text.endswith("; scaled from 1 to 4: $120.45 to $481.80")


def test_a_shadow_costs_what_its_instances_do() -> None:
    found = cost(PRICES, REGION, [variant("ml.c7i.large", 2), variant("ml.c7i.xlarge")])
    assert (found.monthly, found.fleet) == (481.8, "2 ml.c7i.large and 1 ml.c7i.xlarge")
    told = change(cost(PRICES, REGION, [variant("ml.c7i.large", 2)]), found)
    assert told == "+ $240.90 a month, from 2 ml.c7i.large to 2 ml.c7i.large and 1 ml.c7i.xlarge"


def test_an_unknown_price_is_never_guessed() -> None:
    found = cost(PRICES, "ap-south-1", [variant("ml.c7i.large")])
    assert found.monthly is None
    assert found.text.startswith("unknown: there is no price of ml.c7i.large in ap-south-1")
    assert "[prices.ap-south-1]" in found.text


def test_serverless_is_billed_by_memory_and_second() -> None:
    found = cost(PRICES, REGION, [{"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 4}}])
    assert found.monthly is None
    assert found.text.startswith("$0.1440 for each hour of work, nothing without requests")


def test_every_published_figure_has_a_source_and_a_date_and_the_users_own_wins() -> None:
    assert all(price.usd > 0 and price.source and price.date for price in published().values())
    theirs = published()[REGION, "ml.m5.xlarge"]
    assert PriceList({}).find(REGION, "ml.m5.xlarge") == theirs
    mine = PriceList({REGION: {"ml.m5.xlarge": 0.2}})
    found = mine.find(REGION, "ml.m5.xlarge")
    assert found is not None
    assert (found.usd, found.origin) == (0.2, "slipway.toml")
    assert "ml.m5.xlarge" in mine.kinds(REGION)
