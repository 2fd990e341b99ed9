"""How many instances of which type bear a rate, and what they cost."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.accelerators import platform
from infra.errors import InputError
from infra.pricing.cost import HOURS
from infra.pricing.instances import accelerated, vcpus

if TYPE_CHECKING:
    from infra.pricing.table import PriceList

_UNITS = {"s": 1, "sec": 1, "min": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Choice:
    """A fleet that bears the rate: what one instance is taken to bear, how many, and USD a month, if that is known."""

    instance_type: str
    vcpus: int
    per_instance: float
    measured: bool
    instances: int
    monthly: float | None


def parse_rate(text: str) -> float:
    """Requests a second from `50/s`, `50`, `3000/min`, `100000/h` or `1e6/d`; InputError for anything else."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?)\s*(?:/\s*([a-z]+))?", text.strip().lower())
    unit = match[2] or "s" if match else ""
    if match is None or unit not in _UNITS or not math.isfinite(float(match[1])) or not float(match[1]):
        raise InputError(f"--rate is {text!r}; write a number and /s, /min, /h or /d, such as 50/s.")
    return float(match[1]) / _UNITS[unit]


def instances(rate: float, per_instance: float, headroom: float) -> int:
    """Instances for a rate, with the share `headroom` of each left free."""
    return max(1, math.ceil(round(rate / (per_instance * (1 - headroom)), 9)))


def choices(
    prices: PriceList, region: str, configured: str, measured: tuple[int, float], rate: float, headroom: float
) -> list[Choice]:
    """The configured type and every other with a price that runs the same image: cheapest first, then the measured.

    `measured` are vCPUs and requests a second that they bore. Of other numbers of vCPUs the rate is taken to grow as
    they do: an estimate, which leaves out that processors differ. Without accelerators, of the same platform.
    """
    cores, bore = measured
    kinds = {
        kind
        for kind in prices.kinds(region)
        if kind.startswith("ml.") and not accelerated(kind) and platform(kind) == platform(configured)
    }
    found = []
    for kind in sorted({configured, *kinds}):
        if (its := vcpus(kind)) is None:
            continue
        per_instance = round(bore * its / cores, 2)
        count = instances(rate, per_instance, headroom)
        price = prices.find(region, kind)
        monthly = round(price.usd * count * HOURS, 2) if price else None
        found.append(Choice(kind, its, per_instance, kind == configured and its == cores, count, monthly))
    return sorted(found, key=lambda one: (one.monthly is None, one.monthly or 0.0, not one.measured))
