"""What the verbs of `python -m infra` do that measure and price, and need no account.

Parts are imported where they are used, as in `verbs`: numpy is there for these alone.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from infra.errors import InputError, Refused
from infra.result import tell

if TYPE_CHECKING:
    import argparse

    from infra.config import Config
    from infra.progress import Progress


def capacity(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """What an instance bears, and what the fleet for a rate costs."""
    from infra.capacity.plan import Demand, plan  # noqa: PLC0415
    from infra.capacity.sizing import parse_rate  # noqa: PLC0415
    from infra.release.invocation import read_sample  # noqa: PLC0415

    if not 0 <= args.headroom < 1:
        raise InputError(f"--headroom is {args.headroom:g}; write a share from 0 to below 1, such as 0.3.")
    demand = Demand(parse_rate(args.rate), args.p99_ms, args.headroom)
    target = replace(args.url, picture=read_sample(args.sample, None).picture)
    found = plan(config, args.env, target, demand, args.seconds)
    tell(args, found.to_json(), found.to_markdown())


def regress(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """Two images side by side; Refused where a gate is closed."""
    from infra.regress.compare import compare  # noqa: PLC0415
    from infra.regress.latency import Asker  # noqa: PLC0415
    from infra.regress.pictures import read  # noqa: PLC0415

    pictures = read(args.pictures)
    old, new, rules = Asker("live", args.old_url), Asker("new", args.new_url), config.settings
    found = compare(args.env, old, new, pictures, args.seconds, rules.gates, rules.smoke.score_tolerance)
    tell(args, found.to_json(), found.to_markdown())
    if not found.passed:
        raise Refused(
            f"the new image is worse than what is live in {args.env}: {found.closed}; mend it, or raise the limit in "
            "[gates] of slipway.toml if that is wanted."
        )


def prices(args: argparse.Namespace, config: Config, _progress: Progress) -> None:
    """AWS's prices in the environment's region, as a table for slipway.toml."""
    from infra.pricing.published import LIST, fetch  # noqa: PLC0415

    found = fetch(config.region(args.env), args.list or LIST)
    tell(args, asdict(found), found.to_toml())
