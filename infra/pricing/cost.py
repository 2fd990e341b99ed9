"""What a configuration costs a month, and what a change makes of it.

Real-time endpoints are billed by the hour and instance, busy or not; AWS counts 730 hours a month in its own examples.
Serverless inference is billed by memory and second of work. Traffic and logs are left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from infra.pricing.settings import SERVERLESS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.pricing.table import PriceList
    from infra.settings import Environment

HOURS: Final = 730


@dataclass(frozen=True)
class Cost:
    """`monthly` in USD, None where a price is unknown or it depends on the requests; `text` says it, for people."""

    monthly: float | None
    fleet: str
    text: str


def scaled(environment: Environment) -> tuple[int, int] | None:
    """The least and the most instances that scaling gives an environment; None where nothing scales it."""
    scaling = environment.scaling
    return (scaling.min_instances or environment.instance_count, scaling.max_instances) if scaling else None


def cost(
    prices: PriceList, region: str, variants: Sequence[Mapping[str, Any]], scaling: tuple[int, int] | None = None
) -> Cost:
    """The cost of variants (ProductionVariant of CreateEndpointConfig) that run for a month.

    `scaling` are the least and the most instances of the only one, where they change with the requests.
    """
    parts = [_variant(prices, region, variant) for variant in variants]
    if scaling and len(parts) == 1 and parts[0].monthly is not None:
        each = parts[0].monthly / int(variants[0]["InitialInstanceCount"])
        (least, most), one = scaling, parts[0]
        told = f"{one.text}; scaled from {least} to {most}: ${each * least:,.2f} to ${each * most:,.2f}"
        parts = [replace(one, text=told)]
    known = [part.monthly for part in parts if part.monthly is not None]
    return Cost(
        round(sum(known), 2) if len(known) == len(parts) else None,
        " and ".join(part.fleet for part in parts),
        "; ".join(part.text for part in parts),
    )


def change(old: Cost | None, new: Cost) -> str:
    """`+ $120.45 a month, from 1 to 2 ml.c7i.large`; `old` is None where nothing was there before."""
    if old is None:
        return f"{_signed(new.monthly)}, from nothing to {new.fleet}"
    if old.fleet == new.fleet:
        return "none"
    difference = None if old.monthly is None or new.monthly is None else round(new.monthly - old.monthly, 2)
    (before, kind), (after, new_kind) = old.fleet.split(" ", 1), new.fleet.split(" ", 1)
    same = kind == new_kind and " and " not in kind
    return f"{_signed(difference)}, from {f'{before} to {after} {kind}' if same else f'{old.fleet} to {new.fleet}'}"


def _variant(prices: PriceList, region: str, variant: Mapping[str, Any]) -> Cost:
    if serverless := variant.get("ServerlessConfig"):
        return _serverless(prices, region, serverless)
    kind, count = str(variant["InstanceType"]), int(variant["InitialInstanceCount"])
    fleet, price = f"{count} {kind}", prices.find(region, kind)
    if price is None:
        return Cost(None, fleet, _unknown(region, kind))
    monthly = price.usd * count * HOURS
    how = f"{HOURS} h of {fleet} at ${price.usd:g} an hour: {price.origin}"
    return Cost(monthly, fleet, f"${monthly:,.2f} a month ({how})")


def _serverless(prices: PriceList, region: str, told: Mapping[str, Any]) -> Cost:
    megabytes, ready = int(told["MemorySizeInMB"]), told.get("ProvisionedConcurrency", 0)
    fleet, price = f"serverless of {megabytes} MB", prices.find(region, SERVERLESS)
    fleet += f", {ready} kept ready" if ready else ""
    if price is None:
        return Cost(None, fleet, _unknown(region, SERVERLESS))
    hour = price.usd * megabytes / 1024 * 3600
    idle = f"and what AWS takes for {ready} kept ready" if ready else "nothing without requests"
    return Cost(None, fleet, f"${hour:,.4f} for each hour of work, {idle} ({price.origin})")


def _unknown(region: str, kind: str) -> str:
    return f"unknown: there is no price of {kind} in {region}; write it under [prices.{region}] (`prices` reads AWS's)"


def _signed(usd: float | None) -> str:
    return "unknown" if usd is None else f"{'-' if usd < 0 else '+'} ${abs(usd):,.2f} a month"
