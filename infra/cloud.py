"""The AWS clients, made when first used.

`AWS_ENDPOINT_URL` points all of them at another endpoint (botocore's own setting); `SLIPWAY_REGISTRY` names the
plain-HTTP registry that stands in for ECR's there. Clients come from botocore, which boto3 wraps: importing boto3 as
well costs 0.1 s a call.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from botocore.config import Config as ClientConfig
from botocore.exceptions import NoCredentialsError
from botocore.loaders import create_loader

from infra.aws_errors import FAILURES, LOGIN, explain
from infra.errors import CloudUnusable

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2 import ApiGatewayV2Client
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient


@dataclass
class Cloud:
    """One region of one account."""

    region: str
    registry: str | None = None

    @classmethod
    def from_environment(cls, region: str) -> Cloud:
        """The cloud that the environment variables point at."""
        return cls(region, os.environ.get("SLIPWAY_REGISTRY") or None)

    @property
    def local(self) -> bool:
        """Whether this is a local cloud: ECR is then a plain registry, and missing roles are created."""
        return self.registry is not None

    @property
    def is_aws(self) -> bool:
        """Whether AWS itself is talked to, with its console, and not something that stands for it."""
        return not self.local and not os.environ.get("AWS_ENDPOINT_URL")

    @cached_property
    def sagemaker(self) -> SageMakerClient:
        """Models, endpoint configs, endpoints."""
        return cast("SageMakerClient", self._client("sagemaker"))

    @cached_property
    def runtime(self) -> SageMakerRuntimeClient:
        """InvokeEndpoint; answers take up to 60 s, and a request is sent again where AWS failed, not the model."""
        return cast("SageMakerRuntimeClient", self._client("sagemaker-runtime", read_timeout=70, attempts=3))

    @cached_property
    def functions(self) -> LambdaClient:
        """Lambda; an invocation may take as long as API Gateway would wait."""
        return cast("LambdaClient", self._client("lambda", read_timeout=35))

    @cached_property
    def apis(self) -> ApiGatewayV2Client:
        """HTTP and WebSocket APIs."""
        return cast("ApiGatewayV2Client", self._client("apigatewayv2"))

    @cached_property
    def s3(self) -> S3Client:
        """Objects: what asynchronous endpoints read and write. Buckets stand in the path, as a local cloud has them."""
        return cast("S3Client", self._client("s3", s3={"addressing_style": "path" if self.local else "auto"}))

    @cached_property
    def ecr(self) -> ECRClient:
        """Image repositories."""
        return cast("ECRClient", self._client("ecr"))

    @cached_property
    def iam(self) -> IAMClient:
        """Roles."""
        return cast("IAMClient", self._client("iam"))

    @cached_property
    def cloudwatch(self) -> CloudWatchClient:
        """Alarms."""
        return cast("CloudWatchClient", self._client("cloudwatch"))

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Stacks."""
        return cast("CloudFormationClient", self._client("cloudformation"))

    @cached_property
    def ssm(self) -> SSMClient:
        """Parameters: the CDK's bootstrap has its version in one."""
        return cast("SSMClient", self._client("ssm"))

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """What containers wrote."""
        return cast("CloudWatchLogsClient", self._client("logs"))

    @cached_property
    def sns(self) -> SNSClient:
        """Topics of notifications; soon given up, since a release does not wait for them."""
        return cast("SNSClient", self._client("sns", read_timeout=10, attempts=2))

    @cached_property
    def account(self) -> str:
        """The number of the account that the credentials are of."""
        return str(self._client("sts").get_caller_identity()["Account"])

    def make_bucket(self, name: str) -> None:
        """Make a bucket in this region; fine where it is there already."""
        elsewhere: Any = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        try:
            # CreateBucket: us-east-1 is where a bucket is that says nothing, and must not be named.
            self.s3.create_bucket(Bucket=name, **({} if self.region == "us-east-1" else elsewhere))
        except (self.s3.exceptions.BucketAlreadyOwnedByYou, self.s3.exceptions.BucketAlreadyExists):
            return

    def check_credentials(self, needed: timedelta) -> str | None:
        """CloudUnusable if there are no credentials or they are over; a note if they end before `needed` has passed."""
        try:
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError
            credentials.get_frozen_credentials()
        except FAILURES as error:
            raise explain(error) from error
        except (ValueError, KeyError, OSError) as error:
            # What credential_process printed is not its JSON, or it cannot be started.
            raise CloudUnusable(f"the AWS credentials could not be read: {error!r}; {LOGIN}.") from None
        # Only refreshable credentials know when they end; botocore has no public name for it.
        ends: datetime | None = getattr(credentials, "_expiry_time", None)
        if ends is None or getattr(credentials, "method", "") != "custom-process":
            return None
        left = ends - datetime.now(UTC)
        if left <= timedelta():
            raise CloudUnusable(f"the AWS credentials ended at {ends:%H:%M:%S} UTC; {LOGIN}.")
        if left < needed:
            minutes = int(left.total_seconds() / 60)
            return (
                f"the AWS credentials end in {minutes} min, before the longest wait is over; if they do, "
                "the next deploy picks up the wait"
            )
        return None

    @cached_property
    def _session(self) -> Any:
        session = botocore.session.get_session()
        session.register_component("data_loader", _descriptions(session.get_config_variable("data_path")))
        return session

    def _client(self, service: str, read_timeout: int = 30, attempts: int = 6, **more: Any) -> Any:
        config = ClientConfig(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=5,
            read_timeout=read_timeout,
            **more,
        )
        # One after the other: what the first has read is there for the others, in whatever region.
        with _MAKING:
            return self._session.create_client(service, region_name=self.region, config=config)


_MAKING = threading.Lock()


@cache
def _descriptions(folder: str | None) -> Any:
    """Botocore's descriptions of services, megabytes of JSON, read once."""
    return create_loader(folder)
