"""InvokeEndpoint and InvokeEndpointWithResponseStream: from the client's bytes to the container's and back.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import ExitStack

import urllib3

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError
from infra.localcloud.sagemaker.capture import Asked, Captures
from infra.localcloud.sagemaker.invoker import Answer, Invoker, by_weight
from infra.localcloud.sagemaker.mirror import Mirror
from infra.localcloud.sagemaker.records import Endpoint, Fleet, Variant
from infra.localcloud.sagemaker.streaming import Streamed
from infra.localcloud.wire import Request, Response

INVOCATIONS = re.compile(r"^/endpoints/([^/]+)/invocations$")
STREAMS = re.compile(r"^/endpoints/([^/]+)/invocations-response-stream$")
# https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints-invoke.html
_SERVERLESS_BYTES = 4 * 1024 * 1024
_FORWARDED = (
    "Content-Type",
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


class Runtime:
    """The data plane of all endpoints."""

    def __init__(self, cloud: Cloud, invoker: Invoker, mirror: Mirror, captures: Captures) -> None:
        self._cloud = cloud
        self._invoker = invoker
        self._mirror = mirror
        self._captures = captures

    def invoke(self, request: Request, name: str) -> Response:
        """Answer one invocation or raise the error that boto3 turns into its own type."""
        endpoint, headers, timeout, choose = self._question(request, name, accept="Accept")
        answer = self._invoker.ask(endpoint, choose, headers, request.body, timeout)
        self._keep(request, headers, answer)
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        return Response(200, [("Content-Type", kind), *_told(answer.variant, answer.headers)], answer.body)

    def stream(self, request: Request, name: str) -> Streamed:
        """The same, with an answer that is handed on piece by piece."""
        endpoint, headers, timeout, choose = self._question(request, name, accept="X-Amzn-SageMaker-Accept")
        with ExitStack() as held:
            opened = self._invoker.open(endpoint, choose, headers, request.body, timeout, held)
            kind = opened.response.headers.get("Content-Type", "application/octet-stream")
            told = [("X-Amzn-SageMaker-Content-Type", kind), *_told(opened.variant, opened.response.headers)]
            return Streamed(told, opened.response, held.pop_all())

    def _question(
        self, request: Request, name: str, accept: str
    ) -> tuple[Endpoint, dict[str, str], float, Callable[[Endpoint], tuple[Fleet, Variant]]]:
        """Whom to ask, with which headers, for how long; `accept` is the header that says in which form."""
        limit = self._cloud.settings.max_body_bytes
        if request.length > limit:
            raise AwsError(None, f"HTTP content length exceeded {limit} bytes.", 413)
        for header, what in _UNSUPPORTED.items():
            if request.header(header):
                raise AwsError("ValidationError", f"The local cloud does not have {what}.")
        endpoint = self._invoker.endpoint(request.region, name)
        if endpoint.blue and endpoint.blue.asynchronous:
            raise AwsError("ValidationError", f"Endpoint {name} is asynchronous: use InvokeEndpointAsync.")
        limit = self._limit(endpoint)
        if len(request.body) > limit:
            raise AwsError(None, f"HTTP content length exceeded {limit} bytes.", 413)
        target = request.header("X-Amzn-SageMaker-Target-Variant")
        headers = {name: value for name in _FORWARDED if (value := request.header(name))}
        if wanted := request.header(accept):
            headers["Accept"] = wanted
        timeout = self._cloud.clock.seconds(self._cloud.settings.invocation_timeout_s)
        return endpoint, headers, timeout, lambda now: by_weight(now, target)

    def _keep(self, request: Request, headers: dict[str, str], answer: Answer) -> None:
        """Mirror and capture what the configuration says; a request that is captured is so with all its answers."""
        asked = Asked(
            content_type=headers.get("Content-Type", "application/octet-stream"),
            body=request.body,
            inference_id=headers.get("X-Amzn-SageMaker-Inference-Id"),
            custom_attributes=headers.get("X-Amzn-SageMaker-Custom-Attributes"),
        )
        percent = (answer.fleet.capture or {}).get("InitialSamplingPercentage", 0)
        captured = random.random() * 100 < percent  # noqa: S311 (a sample, no secret)
        if captured:
            self._captures.note(asked, answer)
        self._mirror.reflect(answer, asked, headers, captured=captured)

    def _limit(self, endpoint: Endpoint) -> int:
        """The largest body that an endpoint takes, in bytes."""
        most = self._cloud.settings.max_body_bytes
        return min(most, _SERVERLESS_BYTES) if endpoint.blue and endpoint.blue.serverless else most


def _told(variant: Variant, headers: urllib3.HTTPHeaderDict) -> list[tuple[str, str]]:
    """What SageMaker hands on beside the body."""
    attributes = headers.get("X-Amzn-SageMaker-Custom-Attributes")
    told = [("X-Amzn-SageMaker-Custom-Attributes", attributes)] if attributes else []
    return [("x-Amzn-Invoked-Production-Variant", variant.name), *told]
