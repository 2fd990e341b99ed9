"""The buckets: training data, models, captured requests, and the log of who asked for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import Duration, Fn, RemovalPolicy, Stack
from aws_cdk import aws_s3 as s3

from infra.stacks import names

if TYPE_CHECKING:
    from infra.config import Config


def storage(stack: Stack, config: Config) -> None:
    """Encrypted, private, by TLS alone; they outlive the stack."""
    days = config.settings.stacks
    old = s3.LifecycleRule(noncurrent_version_expiration=Duration.days(days.noncurrent_days))
    rules = {
        "data": old,
        "models": old,
        "captured": s3.LifecycleRule(expiration=Duration.days(days.captured_days)),
        "access-logs": s3.LifecycleRule(expiration=Duration.days(days.access_log_days)),
    }
    logs = _bucket(stack, config, "access-logs", rules["access-logs"], None)
    for what in names.BUCKETS:
        if what != "access-logs":
            _bucket(stack, config, what, rules[what], logs)


def _bucket(stack: Stack, config: Config, what: str, rule: s3.LifecycleRule, logs: s3.Bucket | None) -> s3.Bucket:
    return s3.Bucket(
        stack,
        "".join(word.title() for word in what.split("-")),
        bucket_name=Fn.sub(names.bucket(config, what)),
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=what in ("data", "models"),
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        server_access_logs_bucket=logs,
        server_access_logs_prefix=f"{what}/" if logs else None,
        lifecycle_rules=[rule, s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7))],
        removal_policy=RemovalPolicy.RETAIN,
    )
