"""Asynchronous inference: requests wait in a queue, their answers go to S3, and topics of SNS are told.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
"""

from __future__ import annotations

import base64
import json
import re
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, LocalCloudError
from infra.localcloud.sagemaker.invoker import Invoker, ModelError, by_weight
from infra.localcloud.sagemaker.records import Endpoint
from infra.localcloud.wire import Request, Response

ASYNC_INVOCATIONS = re.compile(r"^/endpoints/([^/]+)/async-invocations$")
KIND = "async-request"
_LARGEST = 1024**3  # bytes of an input in S3
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
_LARGEST_INLINE = 128_000
_TTL_S, _TIMEOUT_S = (21_600, 60, 21_600), (900, 1, 3600)  # default, least, most


@dataclass(frozen=True)
class Waiting:
    """A request in the queue; ``key`` orders the queue, times are seconds since 1970, limits seconds of AWS."""

    key: str
    region: str
    endpoint: str
    inference_id: str
    input: str
    inline: str | None
    headers: dict[str, str]
    output: str
    failure: str
    received: float
    ttl_s: float
    timeout_s: float

    def to_json(self) -> dict[str, Any]:
        """The record as JSON."""
        return asdict(self)


def enqueue(cloud: Cloud, endpoint: Endpoint, request: Request) -> Response:
    """InvokeEndpointAsync: answers 202 as soon as the request is in the queue."""
    config = endpoint.blue.asynchronous if endpoint.blue else None
    if config is None:
        raise AwsError("ValidationError", f"Endpoint {endpoint.name} is not asynchronous: use InvokeEndpoint.")
    place, inline = request.header("X-Amzn-SageMaker-InputLocation") or "", request.body
    if bool(place) == bool(inline):
        raise AwsError("ValidationError", "Provide exactly one of Body and InputLocation.")
    if len(inline) > _LARGEST_INLINE:
        raise AwsError("ValidationError", f"The inline payload has more than {_LARGEST_INLINE} bytes.")
    if place and not re.match(r"^(https|s3)://([^/])/?(.*)$", place):
        raise AwsError("ValidationError", f"InputLocation {place} is not a location in S3.")
    unique = str(uuid4())
    name = request.header("X-Amzn-SageMaker-Filename")
    extension = request.header("X-Amzn-SageMaker-S3OutputPathExtension")
    output = config["OutputConfig"]
    failures = output.get("S3FailurePath")
    waiting = Waiting(
        key=f"{time.time():017.6f}-{unique}",
        region=endpoint.region,
        endpoint=endpoint.name,
        inference_id=request.header("X-Amzn-SageMaker-Inference-Id") or str(uuid4()),
        input=place,
        inline=base64.b64encode(inline).decode() if inline else None,
        headers=_headers(request),
        output=_join(output["S3OutputPath"], extension, name or f"{unique}.out"),
        failure=_join(failures, extension, f"{name or unique}-error.out") if failures else "",
        received=time.time(),
        ttl_s=_number(request, "X-Amzn-SageMaker-RequestTTLSeconds", *_TTL_S),
        timeout_s=_number(request, "X-Amzn-SageMaker-InvocationTimeoutSeconds", *_TIMEOUT_S),
    )
    with cloud.state.write() as transaction:
        transaction.put(KIND, endpoint.region, waiting.key, waiting.to_json())
    told = [("Content-Type", "application/json"), ("X-Amzn-SageMaker-OutputLocation", waiting.output)]
    if waiting.failure:
        told.append(("X-Amzn-SageMaker-FailureLocation", waiting.failure))
    return Response(202, told, json.dumps({"InferenceId": waiting.inference_id}).encode())


def answer(cloud: Cloud, invoker: Invoker, endpoint: Endpoint, waiting: Waiting) -> bool:
    """Take one request from the queue to its output, or its failure to where failures go; False where it has to wait.

    A request that the end of this process cut off waits for the next one.
    """
    config = (endpoint.blue.asynchronous if endpoint.blue else None) or {}
    topics = config.get("OutputConfig", {}).get("NotificationConfig") or {}
    try:
        body, limit = _input(cloud, waiting), cloud.clock.seconds(waiting.timeout_s)
        told = invoker.ask(endpoint, by_weight, waiting.headers, body, limit)
        kind = told.headers.get("Content-Type", "application/octet-stream")
        cloud.moto.write_object(waiting.output, told.body, kind)
    except (AwsError, LocalCloudError) as error:
        if cloud.clock.stopping.is_set():
            return False
        _failed(cloud, waiting, topics, error)
    else:
        parameters = {"contentType": kind, "outputLocation": waiting.output}
        event = _event(waiting, "Completed") | {"responseParameters": parameters}
        _notify(cloud, waiting, topics.get("SuccessTopic"), event)
    return True


def _failed(cloud: Cloud, waiting: Waiting, topics: dict[str, Any], error: AwsError | LocalCloudError) -> None:
    reason = f"ClientError: {error}"
    event = _event(waiting, "Failed") | {"failureReason": reason}
    if waiting.failure:
        body = error.fields["OriginalMessage"] if isinstance(error, ModelError) else reason
        try:
            cloud.moto.write_object(waiting.failure, str(body).encode(), "text/plain")
        except LocalCloudError as worse:
            event["failureReason"] = f"{reason} {worse}"
        else:
            event["responseParameters"] = {"outputLocation": waiting.failure}
    _notify(cloud, waiting, topics.get("ErrorTopic"), event)


def _notify(cloud: Cloud, waiting: Waiting, topic: str | None, event: dict[str, Any]) -> None:
    if topic:
        cloud.moto.publish(waiting.region, topic, json.dumps(event))


def _event(waiting: Waiting, status: str) -> dict[str, Any]:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-check-predictions.html: the message's fields."""
    kind = waiting.headers.get("Content-Type")
    return {
        "awsRegion": waiting.region,
        "eventTime": _time(time.time()),
        "receivedTime": _time(waiting.received),
        "invocationStatus": status,
        "requestParameters": {
            **({"contentType": kind} if kind else {}),
            "endpointName": waiting.endpoint,
            **({"inputLocation": waiting.input} if waiting.input else {}),
        },
        "inferenceId": waiting.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }


def _input(cloud: Cloud, waiting: Waiting) -> bytes:
    if cloud.clock.elapsed(waiting.received) > waiting.ttl_s:
        raise AwsError("ClientError", "The request was in the queue for longer than RequestTTLSeconds.")
    if waiting.inline is not None:
        return base64.b64decode(waiting.inline)
    body = cloud.moto.read_object(waiting.input)
    if len(body) > _LARGEST:
        raise AwsError("ClientError", f"The payload at {waiting.input} has more than {_LARGEST} bytes.")
    return body


def _headers(request: Request) -> dict[str, str]:
    sent = {
        "Content-Type": request.header("X-Amzn-SageMaker-Content-Type"),
        "Accept": request.header("X-Amzn-SageMaker-Accept"),
        "X-Amzn-SageMaker-Custom-Attributes": request.header("X-Amzn-SageMaker-Custom-Attributes"),
        "X-Amzn-SageMaker-Inference-Id": request.header("X-Amzn-SageMaker-Inference-Id"),
    }
    return {name: value for name, value in sent.items() if value}


def _number(request: Request, header: str, default: int, least: int, most: int) -> float:
    text = request.header(header)
    if text is None:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise AwsError("ValidationError", f"{header.rpartition('-')[2]} must be between {least} and {most}.")
    return int(text)


def _join(path: str, *parts: str | None) -> str:
    return "/".join([path.rstrip("/"), *(part.strip("/") for part in parts if part)])


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
