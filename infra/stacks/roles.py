"""The role that SageMaker takes on, and the one that GitHub's runs deploy with."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam

from infra.stacks import names
from infra.stacks.policies import Allowed, acknowledge, allow, filled_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.config import Config
    from infra.stacks.settings import Github


_THEIRS = re.compile(r"role/slipway-runtime|repository/slipway|(?<=[/:])slipway(?=[-/*])")
"""Names in .github/aws, which are those of a project called slipway."""


def roles(stack: Stack, config: Config, policies: Path) -> None:
    """The runtime role unless slipway.toml names one elsewhere; the deployer where it names a repository on GitHub.

    Args:
        stack: where they are made.
        config: slipway.toml.
        policies: folder with permissions.json and trust.json, the one source of what a deployer may do.
    """
    if not config.execution_role.startswith("arn:"):
        _runtime(stack, config)
    if github := config.settings.stacks.github:
        _deployer(stack, config, policies, github)


def _runtime(stack: Stack, config: Config) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, CreateModel; scoped to this project."""
    anywhere = "arn:${AWS::Partition}:"
    allowed = (
        Allowed(("cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"), ("*",), "They know no resources."),
        Allowed(
            ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"),
            (f"{anywhere}ecr:*:{names.ACCOUNT}:repository/{config.repository}",),
            "The project's repository has the same name in every region.",
        ),
        Allowed(
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
            (f"{anywhere}logs:*:{names.ACCOUNT}:log-group:/aws/sagemaker/*/{config.settings.project}-*",),
            "Log groups are named after endpoints, transform jobs and training jobs, which come and go.",
        ),
        Allowed(
            ("s3:GetObject",),
            tuple(f"{anywhere}s3:::{names.bucket(config, what)}/*" for what in ("data", "models")),
            "Any model or data set of the project may be the one that is asked for.",
        ),
        Allowed(
            ("s3:PutObject",),
            (f"{anywhere}s3:::{names.bucket(config, 'captured')}/*",),
            "Captured requests are filed by endpoint and hour.",
        ),
    )
    role = iam.Role(
        stack,
        "Runtime",
        role_name=config.execution_role,
        assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
        description="What SageMaker takes on to pull the image and to write logs and metrics",
    )
    role.apply_removal_policy(RemovalPolicy.RETAIN)
    # Policies of their own: CloudFormation leaves a role itself alone that was made by hand and is adopted.
    for one in (*allowed, *_kept(config)):
        allow(role, one)


def _kept(config: Config) -> Iterator[Allowed]:
    """What asynchronous endpoints and shadows keep in S3 and tell topics: developer guide, "Asynchronous inference"."""
    each = config.settings.environments.values()
    asynchronous = [one.asynchronous for one in each if one.asynchronous]
    told = [place for one in asynchronous for place in (one.output, one.failure) if place]
    places = {
        place.removeprefix("s3://").strip("/") for place in (*told, *(one.shadow.capture for one in each if one.shadow))
    }
    topics = {topic for one in asynchronous for topic in (one.success_topic, one.error_topic) if topic}
    arn = "arn:${AWS::Partition}:s3:::"
    if places:
        why = "Requests and answers have names of their own."
        yield Allowed(("s3:GetObject", "s3:PutObject"), tuple(f"{arn}{place}/*" for place in sorted(places)), why)
        yield Allowed(("s3:ListBucket",), tuple(sorted({f"{arn}{place.partition('/')[0]}" for place in places})))
    if topics:
        yield Allowed(("sns:Publish",), tuple(sorted(topics)))


def _deployer(stack: Stack, config: Config, policies: Path, github: Github) -> None:
    permissions = _ours(policies / "permissions.json", config)
    role = iam.CfnRole(
        stack,
        "Deployer",
        role_name=config.settings.project,
        description="What GitHub's runs on one branch release with",
        assume_role_policy_document=filled_in(_ours(policies / "trust.json", config, SUBJECT=github.subject)),
        policies=[iam.CfnRole.PolicyProperty(policy_name="release", policy_document=filled_in(permissions))],
    )
    role.apply_removal_policy(RemovalPolicy.RETAIN)
    for statement in permissions["Statement"]:
        resources = statement["Resource"]
        named = resources if isinstance(resources, list) else [resources]
        lists = named == ["*"]
        why = "Lists know no resources." if lists else "Releases are named after digests, and made in any region."
        acknowledge(role, named, why)


def _ours(file: Path, config: Config, **words: str) -> Any:
    """A policy of .github/aws, whose names are those of a project called slipway, with this one's."""
    names_here = {
        "role/slipway-runtime": f"role/{config.execution_role.rpartition('/')[2]}",
        "repository/slipway": f"repository/{config.repository}",
        "slipway": config.settings.project,
    }
    text = _THEIRS.sub(lambda found: names_here[found[0]], file.read_text())
    for old, new in {"arn:aws:": "arn:${AWS::Partition}:", "ACCOUNT": names.ACCOUNT, **words}.items():
        text = text.replace(old, new)
    return json.loads(text)
