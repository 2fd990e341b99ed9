"""InvokeEndpoint: from the client's bytes to the container's and back.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import random
import re

import urllib3

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, LocalCloudError
from infra.localcloud.sagemaker.fleets import FleetRetired, Stopping
from infra.localcloud.sagemaker.records import Endpoint, Fleet, Variant
from infra.localcloud.wire import Request, Response

INVOCATIONS = re.compile(r"^/endpoints/([^/]+)/invocations$")
_ANSWERS = {"InService", "Updating", "RollingBack"}
_FORWARDED = (
    "Content-Type",
    "Accept",
    "X-Amzn-SageMaker-Custom-Attributes",
    "X-Amzn-SageMaker-Inference-Id",
    "X-Amzn-SageMaker-Target-Variant",
)
_UNSUPPORTED = {
    "X-Amzn-SageMaker-Target-Model": "multi-model endpoints",
    "X-Amzn-SageMaker-Target-Container-Hostname": "multi-container endpoints",
    "X-Amzn-SageMaker-Inference-Component": "inference components",
    "X-Amzn-SageMaker-Session-Id": "stateful sessions",
    "X-Amzn-SageMaker-Enable-Explanations": "explanations",
}
_ATTEMPTS = 3


class ModelError(AwsError):
    """The container answered with an error, broke off or took too long."""

    def __init__(self, cloud: Cloud, endpoint: Endpoint, status: int, message: str, text: str) -> None:
        stream = cloud.arn(
            endpoint.region, f"log-group:/aws/sagemaker/Endpoints/{endpoint.name}:log-stream:local", service="logs"
        )
        super().__init__(
            "ModelError", text, 424, OriginalStatusCode=status, OriginalMessage=message, LogStreamArn=stream
        )


class Runtime:
    """The data plane of all endpoints."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._http = urllib3.PoolManager(num_pools=50, maxsize=64, retries=False)

    def invoke(self, request: Request, name: str) -> Response:
        """Answer one invocation or raise the error that boto3 turns into its own type."""
        limit = self._cloud.settings.max_body_bytes
        if request.length > limit:
            raise AwsError(None, f"HTTP content length exceeded {limit} bytes.", 413)
        for header, what in _UNSUPPORTED.items():
            if request.header(header):
                raise AwsError("ValidationError", f"The local cloud does not have {what}.")
        if len(request.body) > limit:
            raise AwsError(None, f"HTTP content length exceeded {limit} bytes.", 413)
        for _ in range(_ATTEMPTS):
            endpoint = self._endpoint(request.region, name)
            fleet, variant = _choose(endpoint, request.header("X-Amzn-SageMaker-Target-Variant"))
            try:
                with self._cloud.fleets.lease(fleet, variant) as url:
                    response = self._forward(request, endpoint, url)
            except (FleetRetired, Stopping):
                continue
            except LocalCloudError as error:
                raise ModelError(self._cloud, endpoint, 0, str(error), str(error)) from error
            except urllib3.exceptions.NewConnectionError:
                self._cloud.fleets.discard_dead(fleet, variant, url)
                continue
            return self._answer(endpoint, variant, response)
        raise AwsError("ServiceUnavailable", f"The fleet of endpoint {name} is being replaced; try again.", 503)

    def _endpoint(self, region: str, name: str) -> Endpoint:
        account = self._cloud.settings.account
        with self._cloud.state.read() as transaction:
            body = transaction.get("endpoint", region, name)
        if body is None:
            raise AwsError("ValidationError", f"Endpoint {name} of account {account} not found.")
        endpoint = Endpoint.from_json(body)
        if endpoint.status not in _ANSWERS:
            raise AwsError(
                "ValidationError",
                f"Endpoint {name} of account {account} is not in service: its status is {endpoint.status}.",
            )
        return endpoint

    def _forward(self, request: Request, endpoint: Endpoint, url: str) -> urllib3.BaseHTTPResponse:
        timeout = self._cloud.clock.seconds(self._cloud.settings.invocation_timeout_s)
        headers = {name: value for name in _FORWARDED if (value := request.header(name))}
        headers.setdefault("Content-Type", "application/octet-stream")
        try:
            return self._http.request(
                "POST",
                f"{url}/invocations",
                body=request.body,
                headers=headers,
                timeout=urllib3.Timeout(total=timeout),
                redirect=False,
                decode_content=False,
            )
        except urllib3.exceptions.NewConnectionError:
            raise
        except urllib3.exceptions.TimeoutError as error:
            message = (
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            )
            text = f'Received server error (0) from primary with message "{message}"'
            raise ModelError(self._cloud, endpoint, 0, message, text) from error
        except urllib3.exceptions.HTTPError as error:
            text = "Received server error (0) from primary and could not load the entire response body."
            raise ModelError(self._cloud, endpoint, 0, str(error), text) from error

    def _answer(self, endpoint: Endpoint, variant: Variant, response: urllib3.BaseHTTPResponse) -> Response:
        if response.status >= 300:
            message = response.data.decode(errors="replace")
            kind = "client" if response.status < 500 else "server"
            text = (
                f'Received {kind} error ({response.status}) from primary with message "{message}". See '
                f"https://{endpoint.region}.console.aws.amazon.com/cloudwatch/home for more information."
            )
            raise ModelError(self._cloud, endpoint, response.status, message, text)
        headers = [
            ("Content-Type", response.headers.get("Content-Type", "application/octet-stream")),
            ("x-Amzn-Invoked-Production-Variant", variant.name),
        ]
        if attributes := response.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            headers.append(("X-Amzn-SageMaker-Custom-Attributes", attributes))
        return Response(200, headers, response.data)


def _choose(endpoint: Endpoint, target: str | None) -> tuple[Fleet, Variant]:
    """A fleet by its share of the traffic, then a variant by its weight."""
    fleets = [(fleet, share) for fleet, share in endpoint.fleets if share > 0]
    if target:
        fleets = [(fleet, share) for fleet, share in fleets if any(v.name == target for v in fleet.variants)]
        if not fleets:
            raise AwsError("ValidationError", f"Variant {target} does not exist for Endpoint {endpoint.name}.")
    fleet = random.choices([f for f, _ in fleets], [share for _, share in fleets])[0]  # noqa: S311 (traffic, no secret)
    if target:
        return fleet, next(variant for variant in fleet.variants if variant.name == target)
    weights = [variant.weight for variant in fleet.variants]
    return fleet, random.choices(fleet.variants, weights)[0]  # noqa: S311 (traffic, no secret)
