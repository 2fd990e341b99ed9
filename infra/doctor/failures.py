"""What SageMaker's FailureReason means.

Sources: SageMaker developer guide, "Troubleshoot Amazon SageMaker AI model deployments" and "Inference FAQs"; the
wording of reasons is not documented and was taken from reports of users.
"""

from __future__ import annotations

import re
from typing import Final

_LOGS: Final = "read `dagger call logs --env {env}`, mend the image and deploy again"
# (pattern, cause, remedy): the first that fits counts.
_REASONS: Final = (
    (
        r"ping health check",
        "The container did not answer /ping with 200 in time.",
        "try the image by itself with `dagger call contract`; " + _LOGS,
    ),
    (
        r"InsufficientInstanceCapacity|capacity",
        "AWS has no instance of this type free in the region.",
        "deploy again later, or change instance_type or region of [environments.{env}] in slipway.toml",
    ),
    (
        r"ResourceLimitExceeded|service limit|quota",
        "The account's quota for this instance type is used up.",
        "have it raised under Service Quotas → SageMaker, or destroy an environment that is not needed",
    ),
    (
        r"image size|too large|greater than supported size",
        "The image is larger than the instances take.",
        "make the image smaller; `dagger call image` builds it here",
    ),
    (
        r"\bECR\b|pull|image.*(permission|access)|RepositoryNotFound",
        "SageMaker may not, or cannot, pull the image.",
        "give the execution role ecr:BatchGetImage, ecr:GetDownloadUrlForLayer and ecr:GetAuthorizationToken, and "
        "check that the image is still in ECR; then deploy again",
    ),
    (
        r"model data|model artifact|S3",
        "SageMaker cannot fetch the model's data from S3.",
        "give the execution role s3:GetObject on it; then deploy again",
    ),
    (
        r"alarm",
        "An alarm went off during the rollout, and SageMaker took the release back.",
        _LOGS + "; if the alarm is too strict, change alarms of [environments.{env}]",
    ),
    (
        r"\brole\b|assume",
        "SageMaker may not use the execution role.",
        "let its trust policy name sagemaker.amazonaws.com; then deploy again",
    ),
    (
        r"CannotStartContainer|exec format|entrypoint",
        "The container cannot be started at all.",
        "check platform and ENTRYPOINT of the image with `dagger call contract`",
    ),
)


def meaning(reason: str, env: str) -> tuple[str, str]:
    """The cause and the remedy behind a FailureReason."""
    for pattern, cause, remedy in _REASONS:
        if re.search(pattern, reason, re.IGNORECASE):
            return cause, remedy.format(env=env)
    return "SageMaker gave up.", _LOGS.format(env=env)
