"""AWS's own price list, read over HTTP without an account: what real-time endpoints cost an hour in a region.

Format: AWS Billing user guide, "Reading the service price list file": products by SKU, and on-demand terms by SKU. The
usage type of an instance behind an endpoint ends with `Host:ml.m5.xlarge`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import urllib3

from infra.errors import CloudUnusable, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LIST: Final = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/{region}/index.json"
_HOSTED: Final = re.compile(r"(?:^|-)Host:(ml\.[a-z0-9-]+\.[a-z0-9]+)$")
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=120)


@dataclass(frozen=True)
class Published:
    """USD an hour by instance type, where they were read, and when AWS published them."""

    region: str
    hourly: dict[str, float]
    url: str
    published: str

    def to_toml(self) -> str:
        """The table for slipway.toml."""
        lines = [f"# {self.url}, published {self.published}", f"[prices.{self.region}]"]
        return "\n".join([*lines, *(f'"{kind}" = {usd:g}' for kind, usd in sorted(self.hourly.items()))]) + "\n"


def fetch(region: str, address: str = LIST) -> Published:
    """Read a region's list; CloudUnusable where it cannot be had, or is not what it was, InputError for no address."""
    url = address.replace("{region}", region)
    if not url.startswith(("https://", "http://")):
        raise InputError(f"{address!r} is not the address of a price list; give one like {LIST}.")
    try:
        answer = urllib3.request("GET", url, timeout=_TIMEOUT, retries=urllib3.Retry(2, redirect=0))
    except urllib3.exceptions.HTTPError as error:
        raise CloudUnusable(f"AWS's price list could not be read from {url}: {error}; check the network.") from None
    if answer.status != 200:
        raise CloudUnusable(f"AWS's price list answered {answer.status} at {url}; check the region.")
    try:
        told = json.loads(answer.data)
        hourly = dict(_hourly(told))
        published = str(told["publicationDate"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CloudUnusable(
            f"AWS's price list at {url} is not what it was ({type(error).__name__}: {error}); write the prices under "
            f"[prices.{region}] by hand."
        ) from None
    if not hourly:
        raise CloudUnusable(f"AWS's price list at {url} has no price in USD of an endpoint; write yours by hand.")
    return Published(region, hourly, url, published)


def _hourly(told: dict[str, Any]) -> Iterator[tuple[str, float]]:
    terms = told["terms"]["OnDemand"]
    for sku, product in told["products"].items():
        match = _HOSTED.search(product["attributes"].get("usagetype", ""))
        for term in terms.get(sku, {}).values() if match else ():
            for dimension in term["priceDimensions"].values():
                usd = float(dimension["pricePerUnit"].get("USD", 0))
                if match and dimension["unit"] == "Hrs" and usd:
                    yield match[1], usd
