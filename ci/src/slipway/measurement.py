"""What measuring an image leaves in the caller's hands."""

from typing import Annotated, Self

import dagger
from dagger import Doc, field

from slipway.operations import read_report
from slipway.verbs import record


@record
class Capacity:
    """What an instance bears, and the fleet for a rate."""

    instance_type: Annotated[str, Doc("The environment's own instance type.")] = field()
    per_instance: Annotated[float, Doc("Requests a second that one instance bears.")] = field()
    instances: Annotated[int, Doc("How many of them the rate needs.")] = field()
    monthly: Annotated[float | None, Doc("Their price in USD a month; none where it is unknown.")] = field()
    recommendation: Annotated[str, Doc("What to write into slipway.toml, and why.")] = field()
    report: Annotated[dagger.File, Doc("The whole account as JSON: every step of the search, every instance type.")] = (
        field()
    )
    summary: Annotated[str, Doc("The account for people, as Markdown.")] = field()

    @classmethod
    async def read(cls, ran: dagger.Container, path: str) -> Self:
        """The plan as `python -m infra capacity` reported it."""
        told, report, summary = await read_report(ran, path)
        fields = ("instance_type", "per_instance", "instances", "monthly", "recommendation")
        return cls(**{name: told[name] for name in fields}, report=report, summary=summary)


@record
class Regression:
    """The new image beside the live one; every gate was open, or the call would have failed."""

    latency_ratio: Annotated[float, Doc("Median time of the new image over that of the live one.")] = field()
    score_difference: Annotated[float, Doc("Largest difference of the score of an object that both found.")] = field()
    disagreement: Annotated[float, Doc("Share of the objects that one of both found alone.")] = field()
    report: Annotated[dagger.File, Doc("The whole account as JSON.")] = field()
    summary: Annotated[str, Doc("The account for people, as Markdown.")] = field()

    @classmethod
    async def read(cls, ran: dagger.Container, path: str) -> Self:
        """The comparison as `python -m infra regress` reported it."""
        told, report, summary = await read_report(ran, path)
        return cls(
            latency_ratio=told["latency"]["ratio"],
            score_difference=told["agreement"]["score_difference"],
            disagreement=told["agreement"]["disagreement"],
            report=report,
            summary=summary,
        )
