"""What a deployment leaves in the caller's hands."""

from typing import Annotated, Self

import dagger
from dagger import Doc, field

from slipway.operations import read_report
from slipway.verbs import record


@record
class Release:
    """A release that answers: what is live, and the account of how it got there."""

    digest: Annotated[str, Doc("Digest of the image's manifest.")] = field()
    endpoint: Annotated[str, Doc("Name of the SageMaker endpoint.")] = field()
    changed: Annotated[bool, Doc("False where the release was live already and nothing was done.")] = field()
    report: Annotated[dagger.File, Doc("The whole account as JSON.")] = field()
    summary: Annotated[str, Doc("The account for people, as Markdown.")] = field()
    picture: Annotated[
        dagger.File, Doc("The rollout, SVG: traffic from the old release to the new one, latency, alarms, stages.")
    ] = field()

    @classmethod
    async def read(cls, ran: dagger.Container, path: str) -> Self:
        """The release as `python -m infra` reported it, with the picture that it draws beside the report."""
        told, report, summary = await read_report(ran, path)
        return cls(
            digest=told["digest"],
            endpoint=told["endpoint"],
            changed=told["changed"],
            report=report,
            summary=summary,
            picture=ran.file(path.removesuffix(".json") + ".svg"),
        )
