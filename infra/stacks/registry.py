"""The ECR repository of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_ecr as ecr

if TYPE_CHECKING:
    from infra.config import Config


def registry(stack: Stack, config: Config) -> None:
    """Tags never move, what is pushed is scanned, and no image with a tag is ever deleted.

    A release names its image by digest, and every image that was published has its commit for a tag, which cannot be
    moved away from it. So what is live, and what can be gone back to, is never without one.
    """
    ecr.Repository(
        stack,
        "Images",
        repository_name=config.repository,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        image_scan_on_push=True,
        encryption=ecr.RepositoryEncryption.AES_256,
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[
            ecr.LifecycleRule(
                description="Images without a tag: nothing that was published",
                tag_status=ecr.TagStatus.UNTAGGED,
                max_image_age=Duration.days(config.settings.stacks.untagged_days),
            )
        ],
    )
