"""IAM's types."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from infra.localcloud.cloudformation.kind import Kind, found, tags


class Role(Kind):
    """AWS::IAM::Role."""

    named = "RoleName"
    tagged = True

    def attributes(self, identity: str) -> dict[str, str]:
        """What `Fn::GetAtt` gives."""
        role = self.client("iam").get_role(RoleName=identity)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}

    def wanted(self, properties: dict[str, Any]) -> dict[str, Any]:
        """The properties that are looked at."""
        return {
            "AssumeRolePolicyDocument": properties["AssumeRolePolicyDocument"],
            "Description": properties.get("Description", ""),
            "MaxSessionDuration": properties.get("MaxSessionDuration", 3600),
            "ManagedPolicyArns": sorted(properties.get("ManagedPolicyArns", [])),
            "Policies": {one["PolicyName"]: one["PolicyDocument"] for one in properties.get("Policies", [])},
            "Tags": tags(properties),
        }

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """What its properties are now; policies of other resources that are in it are theirs."""
        iam = self.client("iam")
        answer = found(lambda: iam.get_role(RoleName=identity))
        if answer is None:
            return None
        role, own = answer["Role"], {one["PolicyName"] for one in properties.get("Policies", [])}
        attached = iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]
        inline = own & set(iam.list_role_policies(RoleName=identity)["PolicyNames"])
        return {
            "AssumeRolePolicyDocument": role["AssumeRolePolicyDocument"],
            "Description": role.get("Description", ""),
            "MaxSessionDuration": role.get("MaxSessionDuration", 3600),
            "ManagedPolicyArns": sorted(one["PolicyArn"] for one in attached),
            "Policies": {
                name: iam.get_role_policy(RoleName=identity, PolicyName=name)["PolicyDocument"] for name in inline
            },
            "Tags": tags({"Tags": role.get("Tags", [])}),
        }

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Make it, or bring it to these properties."""
        iam, wanted = self.client("iam"), self.wanted(properties)
        trust = json.dumps(wanted["AssumeRolePolicyDocument"])
        looks = {"Description": wanted["Description"], "MaxSessionDuration": wanted["MaxSessionDuration"]}
        now = self.live(identity, properties)
        if now is None:
            iam.create_role(RoleName=identity, AssumeRolePolicyDocument=trust, **looks)
            now = {"ManagedPolicyArns": [], "Tags": []}
        else:
            iam.update_assume_role_policy(RoleName=identity, PolicyDocument=trust)
            iam.update_role(RoleName=identity, **looks)
        for arn in set(wanted["ManagedPolicyArns"]) - set(now["ManagedPolicyArns"]):
            iam.attach_role_policy(RoleName=identity, PolicyArn=arn)
        for arn in set(now["ManagedPolicyArns"]) - set(wanted["ManagedPolicyArns"]):
            iam.detach_role_policy(RoleName=identity, PolicyArn=arn)
        for name, document in wanted["Policies"].items():
            iam.put_role_policy(RoleName=identity, PolicyName=name, PolicyDocument=json.dumps(document))
        if wanted["Tags"]:
            iam.tag_role(RoleName=identity, Tags=wanted["Tags"])

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Delete it with what it has been given."""
        iam = self.client("iam")
        for one in iam.list_attached_role_policies(RoleName=identity)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=identity, PolicyArn=one["PolicyArn"])
        for one in properties.get("Policies", []):
            found(partial(iam.delete_role_policy, RoleName=identity, PolicyName=one["PolicyName"]))
        iam.delete_role(RoleName=identity)


class Policy(Kind):
    """AWS::IAM::Policy: a policy inside of roles."""

    named = "PolicyName"

    def live(self, identity: str, properties: dict[str, Any]) -> dict[str, Any] | None:
        """The policy that its roles have; the first that differs speaks for all."""
        iam = self.client("iam")
        documents = []
        for role in properties.get("Roles", []):
            answer = found(partial(iam.get_role_policy, RoleName=role, PolicyName=identity))
            if answer is not None:
                documents.append(answer["PolicyDocument"])
        if not documents:
            return None
        other = next((one for one in documents if one != properties["PolicyDocument"]), documents[0])
        return {"PolicyDocument": other}

    def apply(self, identity: str, properties: dict[str, Any]) -> None:
        """Give the policy to its roles."""
        for role in properties.get("Roles", []):
            self.client("iam").put_role_policy(
                RoleName=role, PolicyName=identity, PolicyDocument=json.dumps(properties["PolicyDocument"])
            )

    def delete(self, identity: str, properties: dict[str, Any]) -> None:
        """Take it from its roles."""
        for role in properties.get("Roles", []):
            found(partial(self.client("iam").delete_role_policy, RoleName=role, PolicyName=identity))
