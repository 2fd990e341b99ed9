"""What a release changes and what that costs, for its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.pricing.cost import change, cost, scaled
from infra.pricing.table import PriceList
from infra.release import difference
from infra.release.links import links

if TYPE_CHECKING:
    from infra.release.difference import Configuration
    from infra.release.endpoint import Endpoint
    from infra.release.job import Job


def account(job: Job, digest: str, new: Configuration | None, before: Endpoint | None) -> None:
    """Tell what becomes of the endpoint as it was: another image, another configuration, another price.

    Args:
        job: whose report is told.
        digest: the image that is to be live.
        new: the configuration that is to be live; None where it cannot be read.
        before: the endpoint before; None where there was none, or one that failed.
    """
    report = job.report
    report.links = links(job.cloud, job.place)
    if new is None:
        return
    old = None
    if before:
        same = before.config == report.release
        old = new if same else difference.live(job.sagemaker, before.config)
        if digest not in before.digests:
            report.changes = [f"image {', '.join(before.digests) or 'unknown'} → {digest}"]
        report.changes += difference.differences(old, new) if old else ["a configuration that is not there to compare"]
    if before is None or old:
        costs(job, old, new)


def costs(job: Job, old: Configuration | None, new: Configuration) -> None:
    """Tell what the configuration that is to be live costs, and what becomes of the one before, None for nothing."""
    prices, region, report = PriceList(job.config.settings.prices), job.place.region, job.report
    report.cost = cost(prices, region, new.variants, scaled(job.settings))
    report.cost_change = change(cost(prices, region, old.variants) if old else None, report.cost)
