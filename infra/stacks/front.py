"""What stands before an endpoint: two functions behind an HTTP and a WebSocket API, and a bucket for large pictures.

The stack makes the functions, a release of the backend fills them: it publishes a version and moves the alias that the
APIs call. So a deployment of this stack changes no code that answers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3

from infra.backend.names import ALIAS, Names
from infra.stacks import apis, names
from infra.stacks.policies import Allowed, allow

if TYPE_CHECKING:
    from infra.config import Config
    from infra.stacks.settings import Front

_PLACEHOLDER = Path(__file__).parent / "placeholder"
_LONGEST = Duration.seconds(29)
"""API Gateway waits 30 s: developer guide, "Quotas for configuring and running an HTTP API"."""


def front(stack: Stack, config: Config, environment: str) -> None:
    """The endpoint need not exist: until it does, requests are told so."""
    settings = config.environment(environment).front
    if settings is None:
        return
    named = Names(names.endpoint(config, environment), config.region(environment))
    uploads = _uploads(stack)
    told = {"ENDPOINT_NAME": named.endpoint, "UPLOADS_BUCKET": uploads.bucket_name}
    asked = Allowed(
        ("sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"),
        (f"arn:${{AWS::Partition}}:sagemaker:${{AWS::Region}}:{names.ACCOUNT}:endpoint/{named.endpoint}",),
    )
    _, http_alias = _function(stack, named, "http", settings, told, asked)
    role, websocket_alias = _function(stack, named, "websocket", settings, told, asked)
    uploads.grant_read_write(role)
    _acknowledge(
        role,
        *(f"Action::s3:{action}*" for action in ("GetObject", "GetBucket", "List", "DeleteObject", "Abort")),
        f"Resource::<{stack.get_logical_id(uploads.node.default_child)}.Arn>/*",
        why="Each upload has names of its own in this one bucket, and the function may do nothing else with it.",
    )
    apis.http_api(stack, named.function("http"), http_alias, settings)
    made = apis.websocket_api(stack, named.function("websocket"), websocket_alias, settings)
    answers = f"execute-api:${{AWS::Region}}:{names.ACCOUNT}:${{{made}}}/{ALIAS}/POST/@connections/*"
    allow(
        role,
        Allowed(
            ("execute-api:ManageConnections",), (f"arn:${{AWS::Partition}}:{answers}",), "Connections come and go."
        ),
    )


def _uploads(stack: Stack) -> s3.Bucket:
    bucket = s3.Bucket(
        stack,
        "Uploads",
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        lifecycle_rules=[s3.LifecycleRule(expiration=Duration.days(1))],
        removal_policy=RemovalPolicy.DESTROY,
    )
    _acknowledge(bucket, "AwsSolutions-S1", why="Parts of pictures wait here for seconds, and the function logs each.")
    return bucket


def _function(
    stack: Stack, named: Names, kind: str, settings: Front, told: dict[str, str], asked: Allowed
) -> tuple[iam.Role, functions.Alias]:
    name = named.function(kind)
    log = logs.LogGroup(
        stack,
        f"{kind.title()}Log",
        log_group_name=f"/aws/lambda/{name}",
        retention=logs.RetentionDays.INFINITE,
        removal_policy=RemovalPolicy.RETAIN,
    )
    child: Any = log.node.default_child
    child.retention_in_days = settings.log_days
    role = iam.Role(stack, f"{kind.title()}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    function = functions.Function(
        stack,
        f"{kind.title()}Function",
        function_name=name,
        runtime=functions.Runtime.PYTHON_3_13,
        architecture=functions.Architecture.ARM_64,
        handler=named.handler(kind),
        code=functions.Code.from_asset(str(_PLACEHOLDER), exclude=["**/__pycache__"]),
        role=role,
        timeout=_LONGEST,
        memory_size=settings.memory_mb,
        environment=told,
        tracing=functions.Tracing.ACTIVE,
        log_group=log,
    )
    _acknowledge(function, "AwsSolutions-L1", why="The functions are tested with this Python, which the image has.")
    log.grant_write(role)
    allow(role, asked)
    _acknowledge(role, "AwsSolutions-IAM5[Resource::*]", why="The calls of X-Ray know no resources.")
    # Of the placeholder: a release publishes its own and moves the alias, which this stack then leaves alone.
    first = functions.CfnVersion(stack, f"{kind.title()}Version", function_name=function.function_name)
    first.apply_removal_policy(RemovalPolicy.RETAIN)
    version = functions.Version.from_version_attributes(
        stack, f"{kind.title()}First", lambda_=function, version=first.attr_version
    )
    return role, functions.Alias(stack, f"{kind.title()}Alias", alias_name=ALIAS, version=version)


def _acknowledge(owner: Any, *rules: str, why: str) -> None:
    for rule in rules:
        named = rule if rule.startswith("AwsSolutions-") else f"AwsSolutions-IAM5[{rule}]"
        Validations.of(owner).acknowledge(Acknowledgment(id=f"AwsSolutions::{named}", reason=why))
