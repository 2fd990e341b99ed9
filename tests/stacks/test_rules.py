"""Rules that hold for all stacks: of AWS Solutions, of CloudFormation itself, and our own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3
from cfnlint.api import lint_all

from infra.config import Config
from infra.errors import Refused
from infra.stacks import app
from tests.stacks.conftest import ROOT

_REASON = 20
_REMARKS = {
    "I1022": "The CDK writes Fn::Join where people would write Fn::Sub.",
    "W3005": "The CDK writes DependsOn beside references that say the same.",
    "I4010": "Why a thing is there stands in infra/stacks, for people, not in the template.",
}
"""Remarks of cfn-lint that are no mistakes, and why they stay."""


def test_what_breaks_a_rule_is_acknowledged_with_a_reason(any_assembly: Path) -> None:
    for plugin in json.loads((any_assembly / "validation-report.json").read_text())["pluginReports"]:
        assert plugin["violations"] == []
        for one in plugin["suppressedViolations"]:
            assert len(one["reason"]) >= _REASON, one["ruleName"]
            assert re.match(r"[A-Z].*\.$", one["reason"])


def test_cloudformation_would_take_every_template(any_assembly: Path) -> None:
    templates = sorted(any_assembly.glob("*.template.json"))
    assert templates
    found = [
        f"{path.name}: {one.rule.id} {one.message}"
        for path in templates
        for one in lint_all(path.read_text())
        if one.rule.id not in _REMARKS
    ]
    assert found == []


def test_nothing_in_them_is_of_one_account_or_secret(any_assembly: Path) -> None:
    for path in any_assembly.glob("*.template.json"):
        text = path.read_text()
        accounts = set(re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])", text))
        assert accounts <= {"123456789012"}, f"{path.name}: only a topic that slipway.toml names has an account"
        assert "AKIA" not in text


def test_a_bucket_that_anyone_may_read_is_refused(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def storage(stack: cdk.Stack, _config: Config) -> None:
        s3.Bucket(stack, "Open")

    monkeypatch.setattr(app, "storage", storage)
    with pytest.raises(Refused, match=r"demo-storage/Open/Resource: AwsSolutions-S10"):
        app.synthesise(config, ROOT / ".github" / "aws", tmp_path)
