"""What stands before an endpoint where no stack made it: functions, APIs and a bucket, made in the local cloud alone.

On AWS these are infrastructure and come from a stack; docs/backend.md says what it has to hold.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from infra.aws_errors import missing
from infra.backend.code import pack
from infra.backend.names import ALIAS, KINDS, Names

if TYPE_CHECKING:
    from infra.cloud import Cloud

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_PLACEHOLDER = Path(__file__).parents[1] / "stacks" / "placeholder" / "backend"
_ROUTES = {"http": ("$default",), "websocket": ("$connect", "$disconnect", "$default", "detect")}


def ensure(cloud: Cloud, names: Names, project: str) -> None:
    """Make what is missing; what is there stays as it is."""
    uploads = _uploads(names)
    role = _role(cloud, f"{project}-backend")
    cloud.make_bucket(uploads)
    for kind in KINDS:
        name = names.function(kind)
        try:
            arn = cloud.functions.get_alias(FunctionName=name, Name=ALIAS)["AliasArn"]
        except cloud.functions.exceptions.ClientError as error:
            if not missing(error):
                raise
            arn = _function(cloud, names, kind, role, {"ENDPOINT_NAME": names.endpoint, "UPLOADS_BUCKET": uploads})
        existing = [api for page in cloud.apis.get_paginator("get_apis").paginate() for api in page["Items"]]
        if not any(api["Name"] == name for api in existing):
            _api(cloud, name, kind, arn)


def remove(cloud: Cloud, names: Names) -> list[str]:
    """Remove functions, APIs and bucket of an environment; the names of those that were there."""
    removed = []
    wanted = {names.function(kind) for kind in KINDS}
    for name in sorted(wanted):
        try:
            cloud.functions.delete_function(FunctionName=name)
            removed.append(name)
        except cloud.functions.exceptions.ResourceNotFoundException:
            continue
    for api in [api for page in cloud.apis.get_paginator("get_apis").paginate() for api in page["Items"]]:
        if api["Name"] in wanted:
            cloud.apis.delete_api(ApiId=api["ApiId"])
    bucket = _uploads(names)
    try:
        for held in cloud.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            cloud.s3.delete_object(Bucket=bucket, Key=held["Key"])
        cloud.s3.delete_bucket(Bucket=bucket)
    except cloud.s3.exceptions.NoSuchBucket:
        return removed
    return [*removed, bucket]


def _uploads(names: Names) -> str:
    return f"{names.endpoint}-uploads"


def _function(cloud: Cloud, names: Names, kind: str, role: str, variables: dict[str, str]) -> str:
    """A function whose code is still to come; the ARN of its alias."""
    name = names.function(kind)
    cloud.functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler=names.handler(kind),
        Code={"ZipFile": pack(_PLACEHOLDER).zip},
        Timeout=29,
        MemorySize=512,
        Environment={"Variables": variables},
        TracingConfig={"Mode": "Active"},
    )
    version = cloud.functions.publish_version(FunctionName=name)["Version"]
    return cloud.functions.create_alias(FunctionName=name, Name=ALIAS, FunctionVersion=version)["AliasArn"]


def _api(cloud: Cloud, name: str, kind: str, function: str) -> None:
    websocket = kind == "websocket"
    made = cloud.apis.create_api(
        Name=name,
        ProtocolType="WEBSOCKET" if websocket else "HTTP",
        RouteSelectionExpression="$request.body.action" if websocket else "$request.method $request.path",
    )["ApiId"]
    region, account = function.split(":")[3:5]
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{function}/invocations"
    integration = cloud.apis.create_integration(
        ApiId=made,
        IntegrationType="AWS_PROXY",
        IntegrationUri=uri if websocket else function,
        PayloadFormatVersion="1.0" if websocket else "2.0",
    )["IntegrationId"]
    for route in _ROUTES[kind]:
        cloud.apis.create_route(ApiId=made, RouteKey=route, Target=f"integrations/{integration}")
    cloud.apis.create_stage(ApiId=made, StageName=ALIAS if websocket else "$default", AutoDeploy=True)
    cloud.functions.add_permission(
        FunctionName=name,
        Qualifier=ALIAS,
        StatementId=made,
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{region}:{account}:{made}/*",
    )


def _role(cloud: Cloud, name: str) -> str:
    try:
        return cloud.iam.get_role(RoleName=name)["Role"]["Arn"]
    except cloud.iam.exceptions.NoSuchEntityException:
        return cloud.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
