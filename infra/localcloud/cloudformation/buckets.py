"""S3's types."""

from __future__ import annotations

import json
from typing import Any

from infra.localcloud.cloudformation.kind import Kind, found, tags


class Bucket(Kind):
    """AWS::S3::Bucket."""

    named = "BucketName"
    tagged = True
    lower = True

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        return {
            "Arn": f"arn:aws:s3:::{identity}",
            "DomainName": f"{identity}.s3.amazonaws.com",
            "RegionalDomainName": f"{identity}.s3.{self.region}.amazonaws.com",
        }

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties that are looked at, as S3's API has them."""
        rules = [_rule(number, one) for number, one in enumerate(_rules(properties))]
        return {
            "BucketEncryption": [
                {"SSEAlgorithm": one["ServerSideEncryptionByDefault"]["SSEAlgorithm"]}
                for one in properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
            ],
            "PublicAccessBlockConfiguration": properties.get("PublicAccessBlockConfiguration"),
            "VersioningConfiguration": properties.get("VersioningConfiguration", {}).get("Status"),
            "OwnershipControls": properties.get("OwnershipControls", {}).get("Rules"),
            "LifecycleConfiguration": rules or None,
            "LoggingConfiguration": properties.get("LoggingConfiguration"),
            "Tags": tags(properties),
        }

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What its properties are now."""
        s3, name = self.client("s3"), {"Bucket": identity}
        if found(lambda: s3.head_bucket(**name)) is None:
            return None
        encryption = found(lambda: s3.get_bucket_encryption(**name)) or {}
        block = found(lambda: s3.get_public_access_block(**name)) or {}
        owner = found(lambda: s3.get_bucket_ownership_controls(**name)) or {}
        lifecycle = found(lambda: s3.get_bucket_lifecycle_configuration(**name)) or {}
        logging = s3.get_bucket_logging(**name).get("LoggingEnabled")
        held = found(lambda: s3.get_bucket_tagging(**name)) or {}
        return {
            "BucketEncryption": [
                {"SSEAlgorithm": one["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]}
                for one in encryption.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
            ],
            "PublicAccessBlockConfiguration": block.get("PublicAccessBlockConfiguration"),
            "VersioningConfiguration": s3.get_bucket_versioning(**name).get("Status"),
            "OwnershipControls": owner.get("OwnershipControls", {}).get("Rules"),
            "LifecycleConfiguration": lifecycle.get("Rules"),
            "LoggingConfiguration": logging
            and {"DestinationBucketName": logging["TargetBucket"], "LogFilePrefix": logging["TargetPrefix"]},
            "Tags": tags({"Tags": held.get("TagSet", [])}),
        }

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it, or bring it to these properties."""
        s3, name, wanted = self.client("s3"), {"Bucket": identity}, self.wanted(properties)
        if found(lambda: s3.head_bucket(**name)) is None:
            where = {} if self.region == "us-east-1" else {"LocationConstraint": self.region}
            s3.create_bucket(**name, **({"CreateBucketConfiguration": where} if where else {}))
        if wanted["BucketEncryption"]:
            rules = [{"ApplyServerSideEncryptionByDefault": one} for one in wanted["BucketEncryption"]]
            s3.put_bucket_encryption(**name, ServerSideEncryptionConfiguration={"Rules": rules})
        if block := wanted["PublicAccessBlockConfiguration"]:
            s3.put_public_access_block(**name, PublicAccessBlockConfiguration=block)
        if status := wanted["VersioningConfiguration"]:
            s3.put_bucket_versioning(**name, VersioningConfiguration={"Status": status})
        if owners := wanted["OwnershipControls"]:
            s3.put_bucket_ownership_controls(**name, OwnershipControls={"Rules": owners})
        if rules := wanted["LifecycleConfiguration"]:
            s3.put_bucket_lifecycle_configuration(**name, LifecycleConfiguration={"Rules": rules})
        if logging := wanted["LoggingConfiguration"]:
            target = {
                "TargetBucket": logging["DestinationBucketName"],
                "TargetPrefix": logging.get("LogFilePrefix", ""),
            }
            s3.put_bucket_logging(**name, BucketLoggingStatus={"LoggingEnabled": target})
        if wanted["Tags"]:
            s3.put_bucket_tagging(**name, Tagging={"TagSet": wanted["Tags"]})

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it; S3 refuses where objects are in it."""
        self.client("s3").delete_bucket(Bucket=identity)


class BucketPolicy(Kind):
    """AWS::S3::BucketPolicy."""

    named = "Bucket"

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """The policy that the bucket has."""
        answer = found(lambda: self.client("s3").get_bucket_policy(Bucket=identity))
        return None if answer is None else {"PolicyDocument": json.loads(answer["Policy"])}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Give the bucket this policy."""
        self.client("s3").put_bucket_policy(Bucket=identity, Policy=json.dumps(properties["PolicyDocument"]))

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Take the bucket's policy away."""
        self.client("s3").delete_bucket_policy(Bucket=identity)


def _rules(properties: dict[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = properties.get("LifecycleConfiguration", {}).get("Rules", [])
    return rules


def _rule(number: int, one: dict[str, Any]) -> dict[str, Any]:
    """A rule of a template as S3's API has it."""
    days = one.get("NoncurrentVersionExpirationInDays")
    noncurrent = {"NoncurrentDays": days} if days else one.get("NoncurrentVersionExpiration")
    parts = {
        "Expiration": {"Days": one["ExpirationInDays"]} if "ExpirationInDays" in one else None,
        "NoncurrentVersionExpiration": noncurrent,
        "AbortIncompleteMultipartUpload": one.get("AbortIncompleteMultipartUpload"),
    }
    return {
        "ID": one.get("Id", f"rule-{number + 1}"),
        "Filter": {"Prefix": one.get("Prefix", "")},
        "Status": one["Status"],
        **{key: value for key, value in parts.items() if value},
    }
