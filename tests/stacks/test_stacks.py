"""Which stacks there are, and what each makes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Match

from infra.backend.names import ALIAS
from infra.config import Config
from infra.stacks import names
from tests.stacks.conftest import ROOT

Template = Callable[[str], Any]
ALARM = "AWS::CloudWatch::Alarm"
ROUTE = "AWS::ApiGatewayV2::Route"
GROUP = "AWS::Logs::LogGroup"
LOGS = ("lambda/demo-prod-http", "lambda/demo-prod-websocket")


def test_every_environment_stands_on_stacks_that_are_made(assembly: Path, config: Config) -> None:
    manifest = json.loads((assembly / "manifest.json").read_text())
    made = {
        name: one["environment"]
        for name, one in manifest["artifacts"].items()
        if one["type"] == "aws:cloudformation:stack"
    }
    wanted = {name for environment in names.environments(config) for name in names.of_environment(config, environment)}
    # The registry at home is there for whoever publishes, even where no environment is.
    assert set(made) == wanted | {names.registry(config, "eu-west-1")}
    assert made["demo-registry-us-east-1"] == "aws://unknown-account/us-east-1"
    assert made["demo-prod-front-eu-central-1"] == "aws://unknown-account/eu-central-1"
    assert not any("preview" in name for name in made)


def test_images_with_a_tag_are_never_deleted(template: Template) -> None:
    made = template("demo-registry")
    made.has_resource_properties(
        "AWS::ECR::Repository",
        {
            "RepositoryName": "team/demo",
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
        },
    )
    (repository,) = made.find_resources("AWS::ECR::Repository").values()
    rules = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
    assert [rule["selection"]["tagStatus"] for rule in rules] == ["untagged"]
    assert repository["DeletionPolicy"] == repository["UpdateReplacePolicy"] == "Retain"


def test_buckets_are_private_encrypted_and_reached_by_tls_alone(template: Template) -> None:
    made = template("demo-storage")
    buckets = made.find_resources("AWS::S3::Bucket")
    assert len(buckets) == len(names.BUCKETS)
    for one in buckets.values():
        assert one["DeletionPolicy"] == "Retain"
        properties = one["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        (encryption,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert encryption["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    denied = {"Effect": "Deny", "Principal": {"AWS": "*"}, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    found = made.find_resources(
        "AWS::S3::BucketPolicy",
        {"Properties": {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(denied)])}}},
    )
    assert {one["Properties"]["Bucket"]["Ref"] for one in found.values()} == set(buckets)


def test_captured_requests_do_not_stay(template: Template) -> None:
    template("demo-storage").has_resource_properties(
        "AWS::S3::Bucket",
        {
            "BucketName": {"Fn::Sub": "demo-captured-${AWS::AccountId}-eu-west-1"},
            "LifecycleConfiguration": {"Rules": Match.array_with([Match.object_like({"ExpirationInDays": 7})])},
        },
    )


def test_a_release_finds_the_role_that_it_looks_for(template: Template, config: Config) -> None:
    template("demo-roles").has_resource_properties(
        "AWS::IAM::Role",
        {
            "RoleName": config.execution_role,
            "AssumeRolePolicyDocument": Match.object_like(
                {"Statement": [Match.object_like({"Principal": {"Service": "sagemaker.amazonaws.com"}})]}
            ),
        },
    )


def test_the_runtime_reaches_nothing_of_other_projects(template: Template) -> None:
    (policy,) = template("demo-roles").find_resources("AWS::IAM::Policy").values()
    for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
        resources = statement["Resource"]
        for one in resources if isinstance(resources, list) else [resources]:
            assert one == "*" or "demo" in str(one)
        if resources == "*":
            assert statement["Action"] == ["cloudwatch:PutMetricData", "ecr:GetAuthorizationToken"]


def test_the_runtime_may_use_what_asynchronous_endpoints_and_shadows_name(template: Template) -> None:
    (policy,) = template("demo-roles").find_resources("AWS::IAM::Policy").values()
    given = policy["Properties"]["PolicyDocument"]["Statement"]
    s3 = "arn:${AWS::Partition}:s3:::"

    def may(*actions: str) -> Any:
        words = list(actions) if len(actions) > 1 else actions[0]
        return next(one["Resource"] for one in given if one["Action"] == words)

    places = [{"Fn::Sub": f"{s3}demo-answers/archive/*"}, {"Fn::Sub": f"{s3}demo-trials/*"}]
    assert may("s3:GetObject", "s3:PutObject") == places
    assert may("s3:ListBucket") == [{"Fn::Sub": f"{s3}demo-answers"}, {"Fn::Sub": f"{s3}demo-trials"}]
    assert may("sns:Publish") == "arn:aws:sns:eu-west-1:123456789012:demo-found"


def test_the_deployer_is_the_role_of_the_two_files(template: Template) -> None:
    (role,) = template("demo-roles").find_resources("AWS::IAM::Role", {"Properties": {"RoleName": "demo"}}).values()
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject == "repo:octo@11/ship@22:ref:refs/heads/main"
    source = json.loads((ROOT / ".github" / "aws" / "permissions.json").read_text())
    (policy,) = role["Properties"]["Policies"]
    made = policy["PolicyDocument"]["Statement"]
    assert [one["Action"] for one in made] == [one["Action"] for one in source["Statement"]]
    text = json.dumps(policy)
    assert "slipway" not in text
    assert "ACCOUNT" not in text
    assert "repository/team/demo" in text
    assert "role/demo-runtime" in text


def test_people_are_told_of_errors_and_of_slowness(template: Template) -> None:
    made = template("demo-prod-watching")
    made.has_resource_properties("AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "ops@example.com"})
    (topic,) = made.find_resources("AWS::SNS::Topic")
    alarms = {one["Properties"]["AlarmName"]: one["Properties"] for one in made.find_resources(ALARM).values()}
    assert set(alarms) == {"demo-prod-errors", "demo-prod-latency"}
    assert alarms["demo-prod-latency"]["Threshold"] == 750_000
    for one in alarms.values():
        assert one["AlarmActions"] == [{"Ref": topic}]
        assert one["TreatMissingData"] == "notBreaching"
        assert {"Name": "EndpointName", "Value": "demo-prod"} in one["Dimensions"]


def test_alarms_may_tell_the_topic_and_others_need_tls(template: Template) -> None:
    (policy,) = template("demo-prod-watching").find_resources("AWS::SNS::TopicPolicy").values()
    allowed, denied = sorted(policy["Properties"]["PolicyDocument"]["Statement"], key=lambda one: str(one["Effect"]))
    assert (allowed["Action"], allowed["Principal"]) == ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_log_of_the_endpoint_is_kept_for_a_time(template: Template) -> None:
    made = template("demo-prod-watching")
    made.has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/aws/sagemaker/Endpoints/demo-prod", "RetentionInDays": 30}
    )
    made.resource_count_is("AWS::CloudWatch::Dashboard", 1)


def test_instances_follow_the_requests_of_the_variant_that_releases_make(template: Template) -> None:
    made = template("demo-prod-scaling")
    made.has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        {
            "ResourceId": "endpoint/demo-prod/variant/main",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
            "MinCapacity": 2,
            "MaxCapacity": 6,
            "ScheduledActions": [
                Match.object_like({"Schedule": "cron(0 8 ? * MON-FRI *)", "Timezone": "Europe/Berlin"})
            ],
        },
    )
    tracking = {
        "TargetValue": 300,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
        "ScaleOutCooldown": 60,
        "ScaleInCooldown": 600,
    }
    made.has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalingPolicy", {"TargetTrackingScalingPolicyConfiguration": tracking}
    )


@pytest.mark.parametrize(("environment", "access"), [("dev", "NONE"), ("staging", "JWT"), ("prod", "AWS_IAM")])
def test_who_may_call_the_api(template: Template, environment: str, access: str) -> None:
    made = template(f"demo-{environment}-front")
    routes = {one["Properties"]["RouteKey"]: one["Properties"] for one in made.find_resources(ROUTE).values()}
    (http,) = made.find_resources(ROUTE, {"Properties": {"ApiId": {"Ref": "HttpApi"}}}).values()
    assert http["Properties"]["AuthorizationType"] == access
    assert routes["$connect"]["AuthorizationType"] == ("NONE" if access == "NONE" else "AWS_IAM")
    assert set(routes) == {"$default", "$connect", "$disconnect", "detect"}


def test_the_apis_call_the_alias_that_a_release_moves(template: Template) -> None:
    made = template("demo-prod-front")
    aliases = made.find_resources("AWS::Lambda::Alias", {"Properties": {"Name": ALIAS}})
    integrations = made.find_resources("AWS::ApiGatewayV2::Integration").values()
    called = {json.dumps(one["Properties"]["IntegrationUri"]) for one in integrations}
    assert len(aliases) == len(called) == 2
    assert all(any(alias in uri for uri in called) for alias in aliases)
    functions = {one["Properties"]["FunctionName"] for one in made.find_resources("AWS::Lambda::Function").values()}
    assert functions == {"demo-prod-http", "demo-prod-websocket"}


def test_the_functions_reach_their_endpoint_and_no_other(template: Template) -> None:
    made = template("demo-prod-front")
    asked = [
        one["Resource"]["Fn::Sub"]
        for policy in made.find_resources("AWS::IAM::Policy").values()
        for one in policy["Properties"]["PolicyDocument"]["Statement"]
        if "sagemaker:InvokeEndpoint" in one["Action"]
    ]
    assert len(asked) == 2
    assert all(one.endswith(":endpoint/demo-prod") for one in asked)
    for one in made.find_resources("AWS::Lambda::Function").values():
        assert one["Properties"]["Environment"]["Variables"]["ENDPOINT_NAME"] == "demo-prod"


def test_the_apis_are_throttled_and_logged(template: Template) -> None:
    made = template("demo-prod-front")
    for one in made.find_resources("AWS::ApiGatewayV2::Stage").values():
        limits = one["Properties"]["DefaultRouteSettings"]
        assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (7, 100)
    groups = {one["Properties"]["LogGroupName"]: one["Properties"] for one in made.find_resources(GROUP).values()}
    assert set(groups) == {f"/aws/{what}" for what in ("apigateway/demo-prod-http", *LOGS)}
    assert {one["RetentionInDays"] for one in groups.values()} == {30}


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_until_a_backend_is_released_the_functions_say_so(assembly: Path, kind: str) -> None:
    (code,) = assembly.glob(f"asset.*/backend/{kind}.py")
    told: dict[str, Any] = {}
    exec(code.read_text(), told)
    assert told["handler"]({}, None)["statusCode"] == 503
