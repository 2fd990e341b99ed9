"""The table [prices] of slipway.toml."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

SERVERLESS = "serverless"
"""The key of a region's price of serverless inference: USD for a gigabyte of memory and a second."""

Usd = Annotated[float, Field(gt=0, strict=False)]
Priced = Annotated[str, StringConstraints(pattern=rf"^({SERVERLESS}|ml\.[a-z0-9-]+\.[a-z0-9]+)$")]
Prices = dict[Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")], dict[Priced, Usd]]
"""USD an hour by region and instance type: what a user pays, in place of `prices.toml`."""
