"""The types of resources that stacks of the local cloud can have."""

from __future__ import annotations

import json
from typing import Any

from infra.localcloud.cloudformation.buckets import Bucket, BucketPolicy
from infra.localcloud.cloudformation.identities import Policy, Role
from infra.localcloud.cloudformation.kind import Kind, found, tags


class Repository(Kind):
    """AWS::ECR::Repository."""

    named = "RepositoryName"
    tagged = True
    lower = True

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        (one,) = self.client("ecr").describe_repositories(repositoryNames=[identity])["repositories"]
        return {"Arn": one["repositoryArn"], "RepositoryUri": one["repositoryUri"]}

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties that are looked at."""
        policy = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
        return {
            "ImageTagMutability": properties.get("ImageTagMutability", "MUTABLE"),
            "ImageScanningConfiguration": properties.get("ImageScanningConfiguration", {}).get("ScanOnPush", False),
            "LifecyclePolicy": json.loads(policy) if policy else None,
            "Tags": tags(properties),
        }

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What its properties are now."""
        ecr = self.client("ecr")
        answer = found(lambda: ecr.describe_repositories(repositoryNames=[identity]))
        if answer is None:
            return None
        (one,) = answer["repositories"]
        policy = found(lambda: ecr.get_lifecycle_policy(repositoryName=identity))
        return {
            "ImageTagMutability": one["imageTagMutability"],
            "ImageScanningConfiguration": one["imageScanningConfiguration"]["scanOnPush"],
            "LifecyclePolicy": json.loads(policy["lifecyclePolicyText"]) if policy else None,
            "Tags": tags({"Tags": ecr.list_tags_for_resource(resourceArn=one["repositoryArn"])["tags"]}),
        }

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it, or bring it to these properties."""
        ecr, wanted, name = self.client("ecr"), self.wanted(properties), {"repositoryName": identity}
        scan = {"scanOnPush": wanted["ImageScanningConfiguration"]}
        if self.live(identity, properties) is None:
            ecr.create_repository(**name)
        ecr.put_image_tag_mutability(**name, imageTagMutability=wanted["ImageTagMutability"])
        ecr.put_image_scanning_configuration(**name, imageScanningConfiguration=scan)
        if wanted["LifecyclePolicy"]:
            ecr.put_lifecycle_policy(**name, lifecyclePolicyText=json.dumps(wanted["LifecyclePolicy"]))
        else:
            found(lambda: ecr.delete_lifecycle_policy(**name))
        if policy := properties.get("RepositoryPolicyText"):
            ecr.set_repository_policy(**name, policyText=json.dumps(policy))
        if wanted["Tags"]:
            ecr.tag_resource(resourceArn=self.attributes(identity)["Arn"], tags=wanted["Tags"])

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it; ECR refuses where images are in it."""
        self.client("ecr").delete_repository(repositoryName=identity)


class Parameter(Kind):
    """AWS::SSM::Parameter."""

    named = "Name"

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """Its value."""
        answer = found(lambda: self.client("ssm").get_parameter(Name=identity))
        return None if answer is None else {"Value": answer["Parameter"]["Value"]}

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """Its value, which is text."""
        return {"Value": str(properties["Value"])}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Set it."""
        value = str(properties["Value"])
        self.client("ssm").put_parameter(Name=identity, Value=value, Type=properties["Type"], Overwrite=True)

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it."""
        self.client("ssm").delete_parameter(Name=identity)


class Topic(Kind):
    """AWS::SNS::Topic."""

    named = "TopicName"
    tagged = True

    def identity(self, name: str) -> str:
        """Its ARN."""
        return f"arn:aws:sns:{self.region}:{self.account}:{name}"

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        return {"TopicArn": identity, "TopicName": identity.rpartition(":")[2]}

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """Whether it is there: of its properties none is looked at."""
        return None if found(lambda: self.client("sns").get_topic_attributes(TopicArn=identity)) is None else {}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it."""
        self.client("sns").create_topic(Name=identity.rpartition(":")[2], Tags=tags(properties))

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it."""
        self.client("sns").delete_topic(TopicArn=identity)


class Alarm(Kind):
    """AWS::CloudWatch::Alarm, of one metric."""

    named = "AlarmName"
    tagged = True

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        return {"Arn": f"arn:aws:cloudwatch:{self.region}:{self.account}:alarm:{identity}"}

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What its properties are now, those that the template has."""
        alarms = self.client("cloudwatch").describe_alarms(AlarmNames=[identity])["MetricAlarms"]
        return {key: alarms[0].get(key) for key in self.wanted(properties)} if alarms else None

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties that are looked at."""
        return {key: value for key, value in properties.items() if key not in ("Tags", "Dimensions")}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it, or bring it to these properties: PutMetricAlarm has the very names of the template."""
        self.client("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": identity})

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it."""
        self.client("cloudwatch").delete_alarms(AlarmNames=[identity])


class Dashboard(Kind):
    """AWS::CloudWatch::Dashboard."""

    named = "DashboardName"

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What it draws."""
        answer = found(lambda: self.client("cloudwatch").get_dashboard(DashboardName=identity))
        return None if answer is None else {"DashboardBody": json.loads(answer["DashboardBody"])}

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """What it is to draw."""
        return {"DashboardBody": json.loads(properties["DashboardBody"])}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Draw it."""
        body = properties["DashboardBody"]
        self.client("cloudwatch").put_dashboard(DashboardName=identity, DashboardBody=body)

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it."""
        self.client("cloudwatch").delete_dashboards(DashboardNames=[identity])


KINDS: dict[str, type[Kind]] = {
    "AWS::CloudWatch::Alarm": Alarm,
    "AWS::CloudWatch::Dashboard": Dashboard,
    "AWS::ECR::Repository": Repository,
    "AWS::IAM::Policy": Policy,
    "AWS::IAM::Role": Role,
    "AWS::S3::Bucket": Bucket,
    "AWS::S3::BucketPolicy": BucketPolicy,
    "AWS::SNS::Topic": Topic,
    "AWS::SSM::Parameter": Parameter,
}
"""By CloudFormation's name; of every other type nothing is made."""
