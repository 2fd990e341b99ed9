"""The errors an AWS client of the local cloud can meet, each with AWS's own code."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error answer of an AWS API.

    ``code`` is what boto3 shows as ``Error.Code``, ``status`` the HTTP status, ``fields`` further members of the error.
    """

    status = 400

    def __init__(self, code: str | None, message: str, status: int | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or type(self).status
        self.fields = fields


class ValidationException(AwsError):
    """The request breaks a rule of the API (SageMaker's control plane names it so)."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class ResourceInUse(AwsError):
    """The resource is needed by another one."""

    def __init__(self, message: str) -> None:
        super().__init__("ResourceInUse", message)


class NotSupported(AwsError):
    """A service or an operation that AWS has and the local cloud does not."""

    def __init__(self, what: str) -> None:
        super().__init__(
            "NotSupportedByLocalCloud",
            f"The local cloud does not have {what}. It answers for ECR, SageMaker hosting, Lambda, HTTP and WebSocket "
            "APIs, CloudFormation, CloudWatch alarms, logs, IAM, STS, S3 and SNS; GET /_slipway/limits lists what it "
            "cannot do. Use an AWS account here.",
        )


class LocalCloudError(Exception):
    """The local cloud itself cannot go on; the text is a sentence for the person who started it."""


class StateError(LocalCloudError):
    """The state directory cannot be used: damaged, of another version, or not writable."""


class RegistryError(LocalCloudError):
    """The image registry did not answer as the OCI distribution specification says."""


class ImageNotFound(LocalCloudError):
    """The registry does not hold the image."""


class LaunchError(LocalCloudError):
    """A container could not be started, or ended before it was healthy."""
