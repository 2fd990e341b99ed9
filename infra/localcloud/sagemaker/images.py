"""Which image a model means, and whether SageMaker would take it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.localcloud.errors import ImageNotFound, ValidationException
from infra.localcloud.registry import DOCKER_MANIFEST, Manifest, Registry, held

_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class ImageName:
    """An image in ECR: ``ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG][@sha256:…]``."""

    text: str
    account: str
    region: str
    repository: str
    reference: str

    @classmethod
    def parse(cls, text: str) -> ImageName:
        """Read an image name; anything outside ECR is refused as SageMaker does without a VPC."""
        match = _ECR_IMAGE.fullmatch(text)
        if not match:
            raise ValidationException(
                f'Using non-ECR image "{text}" without Vpc repository access mode is not supported.'
            )
        return cls(
            text, match["account"], match["region"], match["repository"], match["digest"] or match["tag"] or "latest"
        )


def resolve_image(registry: Registry, account: str, text: str) -> Manifest:
    """The manifest behind an image name.

    Refuses what SageMaker refuses: an image that is not there, and a manifest that is not a Docker schema-2 one
    (aws/amazon-sagemaker-feedback#180).
    """
    name = ImageName.parse(text)
    if name.account != account:
        raise ValidationException(f"Requested image {text} not found.")
    try:
        manifest = registry.manifest(held(name.region, name.repository), name.reference)
    except ImageNotFound as error:
        raise ValidationException(f"Requested image {text} not found.") from error
    if manifest.media_type != DOCKER_MANIFEST:
        raise ValidationException(
            f"Unsupported manifest media type {manifest.media_type} for image {text}. "
            "Ensure that valid manifest media type is used for specified image."
        )
    return manifest
