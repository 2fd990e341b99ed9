"""Prices by region and instance type: the user's own first, then what `prices.toml` has."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: Final = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True)
class Price:
    """USD an hour (of serverless inference: a gigabyte and a second), whose figure it is, and of when, if known."""

    usd: float
    source: str
    date: str = ""

    @property
    def origin(self) -> str:
        """For a report: `of 2023-12-31, an invoice …` or `slipway.toml`."""
        return f"{self.source}, {self.date}" if self.date else self.source


@dataclass(frozen=True)
class PriceList:
    """All prices that are known here; `own` is [prices] of slipway.toml."""

    own: Mapping[str, Mapping[str, float]]

    def find(self, region: str, kind: str) -> Price | None:
        """The price of an instance type, None where nobody has told it."""
        if kind in self.own.get(region, {}):
            return Price(self.own[region][kind], "slipway.toml")
        return published().get((region, kind))

    def kinds(self, region: str) -> list[str]:
        """What has a price in a region."""
        return sorted({*self.own.get(region, {}), *(kind for where, kind in published() if where == region)})


@cache
def published() -> dict[tuple[str, str], Price]:
    """`prices.toml`, by region and instance type; of two sources the later."""
    return {
        (source["region"], kind): Price(float(usd), source["title"], source["date"].isoformat())
        for source in tomllib.loads(TABLE.read_text(encoding="utf-8"))["source"]
        for kind, usd in source["hourly"].items()
    }
