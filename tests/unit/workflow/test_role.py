"""The role that main takes on AWS: whom it trusts, and that it may do exactly what `infra` calls."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]
SERVICES = (
    {"runtime": "sagemaker"}
    | {name: name for name in ("cloudwatch", "ecr", "iam", "logs", "s3", "sagemaker", "sns")}
    | {"functions": "lambda"}
)
# IAM knows API Gateway by HTTP methods and Invoke by a longer name. The others are asked for by the registry's HTTP
# API, by alarms made with tags, and by CreateModel, which hands the execution role on.
IMPLIED = {
    "apigateway:GET",
    "cloudwatch:TagResource",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "iam:PassRole",
    "lambda:InvokeFunction",
}
# A missing execution role, or bucket, is made in the local cloud only.
LOCAL = {"iam:CreateRole", "s3:CreateBucket"}
NAMED = {"s3:HeadBucket": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket"}
"""Calls that IAM knows by another name."""


def policy(name: str) -> dict[str, Any]:
    """A policy of the role, its placeholders left as they are."""
    content: dict[str, Any] = json.loads((ROOT / ".github" / "aws" / name).read_text())
    return content


def called() -> set[str]:
    """The actions that `infra` calls on AWS, by IAM's names."""
    actions = set()
    for file in (ROOT / "infra").rglob("*.py"):
        if "localcloud" in file.parts:
            continue
        for client, method, argument in re.findall(
            rf"\b({'|'.join(SERVICES)})\.([a-z]+(?:_[a-z]+)+|publish)\((?:\"(\w+)\")?", file.read_text()
        ):
            operation = argument if method == "get_paginator" else method
            actions.add(f"{SERVICES[client]}:{''.join(word.title() for word in operation.split('_'))}")
    return {NAMED.get(action, action) for action in actions - LOCAL}


def test_the_role_may_do_what_is_called_and_no_more() -> None:
    permissions = policy("permissions.json")
    allowed = {
        action
        for statement in permissions["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
    }
    assert allowed == called() | IMPLIED


def test_no_permission_is_a_wildcard_but_for_lists() -> None:
    permissions = policy("permissions.json")
    everywhere = {
        action
        for statement in permissions["Statement"]
        if statement["Resource"] == "*"
        for action in statement["Action"]
    }
    assert all(re.match(r"\w+:(List|Describe|GetAuthorizationToken)", action) for action in everywhere), everywhere


def test_the_execution_role_is_handed_to_sagemaker_alone() -> None:
    [statement] = [one for one in policy("permissions.json")["Statement"] if "iam:PassRole" in one["Action"]]
    assert statement["Action"] == ["iam:PassRole"]
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_whose_an_endpoint_is_may_be_read() -> None:
    [statement] = [one for one in policy("permissions.json")["Statement"] if "sagemaker:ListTags" in one["Action"]]
    assert any(":endpoint/" in resource for resource in statement["Resource"])


def test_models_and_access_logs_are_neither_written_nor_deleted() -> None:
    [statement] = [one for one in policy("permissions.json")["Statement"] if one["Effect"] == "Deny"]
    assert statement["Action"] == ["s3:DeleteObject", "s3:PutObject"]
    assert {resource.split(":::")[1] for resource in statement["Resource"]} == {
        "slipway-models-*/*",
        "slipway-access-logs-*/*",
    }


def test_one_subject_alone_is_trusted() -> None:
    [statement] = policy("trust.json")["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "SUBJECT",
        }
    }
