"""What a deployment leaves in the caller's hands."""

import json
from typing import Annotated, Any, Self

import dagger
from dagger import Doc, field

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
        report = ran.file(path)
        told: dict[str, Any] = json.loads(await report.contents())
        return cls(
            digest=told["digest"],
            endpoint=told["endpoint"],
            changed=told["changed"],
            report=report,
            summary=await ran.stdout(),
            picture=ran.file(path.removesuffix(".json") + ".svg"),
        )
