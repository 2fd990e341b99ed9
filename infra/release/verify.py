"""Verify: is what is live what was asked for? SageMaker may roll back silently and report InService."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.errors import RolloutFailed

if TYPE_CHECKING:
    from infra.release.endpoint import Endpoint


def verify(endpoint: Endpoint, config: str, digest: str) -> None:
    """RolloutFailed unless `endpoint` is InService with this endpoint config and this image."""
    _settled(endpoint, config)
    if endpoint.digests != (digest,):
        there = ", ".join(endpoint.digests) or "no digest"
        raise RolloutFailed(
            f"endpoint {endpoint.name} runs {there} under {config} and not {digest}: its model was changed by "
            "somebody else; "
            f"run destroy for that environment, or remove the model {config}, and deploy again."
        )


def verify_variants(endpoint: Endpoint, config: str, production: dict[str, str], shadow: dict[str, str]) -> None:
    """RolloutFailed unless `endpoint` is InService with this endpoint config and these images, by names of variants."""
    _settled(endpoint, config)
    for wanted, variants in ((production, endpoint.variants), (shadow, endpoint.shadows)):
        there = {each.name: ", ".join(each.digests) for each in variants}
        if there != wanted:
            raise RolloutFailed(
                f"endpoint {endpoint.name} runs {there or 'nothing'} under {config} and not {wanted}: a model was "
                "changed by somebody else; run rollback and begin again."
            )


def _settled(endpoint: Endpoint, config: str) -> None:
    why = (
        f"SageMaker's reason: {endpoint.failure}"
        if endpoint.failure
        else "SageMaker gives no reason; the container's CloudWatch logs may"
    )
    if endpoint.status == "Failed":
        raise RolloutFailed(
            f"endpoint {endpoint.name} failed with {config}. {why}. Mend the image or the settings and deploy again."
        )
    if endpoint.config != config:
        raise RolloutFailed(
            f"endpoint {endpoint.name} is {endpoint.status} with {endpoint.config} and not with {config}: "
            "SageMaker rolled the release "
            f"back, and the old one answers. {why}. Mend the image or the settings and deploy again."
        )
    if endpoint.status != "InService":
        raise RolloutFailed(
            f"endpoint {endpoint.name} is {endpoint.status} with {config}. {why}. Look with `python -m infra status`."
        )
