"""What moto gets wrong about policies, put right: this cloud keeps them and enforces none."""

from __future__ import annotations

import json
from typing import Any


def obey_no_bucket_policy() -> None:
    """Has moto enforce no bucket policies: it would without their conditions, and so shut out everybody."""
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415 (moto is imported in the background)
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
    # S3 takes a bucket for access logs before log delivery is let into it.
    FakeBucket._log_permissions_enabled_acl = staticmethod(lambda **_: True)


def know_policy(iam: Any, account: str, arn: str) -> None:
    """Have one of AWS's own policies: moto's list of all would be loaded, and saved again with every change."""
    _, found, path = arn.partition(":iam::aws:policy")
    if not found or arn in iam.managed_policies:
        return
    from moto.iam.models import AWSManagedPolicy  # noqa: PLC0415

    folder, _, name = path.rpartition("/")
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.managed_policies[arn] = AWSManagedPolicy(
        name, account_id=account, region="aws", path=f"{folder}/", document=document
    )
