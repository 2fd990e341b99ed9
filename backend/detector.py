"""The SageMaker endpoint that finds things in pictures."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import EventStreamError

from backend.failures import of_answer
from backend.problem import Problem
from backend.settings import settings

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_runtime import SageMakerRuntimeClient

LINES = "application/jsonlines"
_SECONDS = 26
"""For one answer: API Gateway waits 29 s for a WebSocket route and 30 s for one of an HTTP API (its quotas)."""


@dataclass(frozen=True)
class Question:
    """What the container is asked. ``inference_id`` stands in its log; up to 64 characters."""

    body: bytes
    content_type: str
    attributes: str = ""
    accept: str = ""
    inference_id: str = ""


@dataclass(frozen=True)
class Answer:
    """What it said; ``attributes`` are ``build=…;is_mock=…``."""

    body: bytes
    content_type: str
    attributes: str


@cache
def _runtime() -> SageMakerRuntimeClient:
    # Nothing is sent twice: whoever asked is told, and decides.
    config = Config(connect_timeout=3, read_timeout=_SECONDS, retries={"total_max_attempts": 1})
    return boto3.client("sagemaker-runtime", config=config)


@cache
def _control() -> SageMakerClient:
    return boto3.client("sagemaker", config=Config(connect_timeout=3, read_timeout=5))


def ask(question: Question) -> Answer:
    """One answer; raises what botocore does."""
    answer = _runtime().invoke_endpoint(**_parameters(question))
    return Answer(answer["Body"].read(), answer.get("ContentType", ""), answer.get("CustomAttributes", ""))


def lines(question: Question) -> Generator[bytes, None, None]:
    """The lines of an answer, each as soon as the container has written it; Problem where it breaks off.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
    """
    answer = _runtime().invoke_endpoint_with_response_stream(**_parameters(question, Accept=LINES))
    rest = b""
    with closing(answer["Body"]) as stream:
        try:
            for event in stream:
                *whole, rest = (rest + event["PayloadPart"]["Bytes"]).split(b"\n")
                yield from filter(None, whole)
        except EventStreamError as error:
            raise of_answer(502, str(error)) from error
    if rest:
        yield rest


def image() -> str:
    """The digest of the image that is live, ``sha256:…``; Problem where none is in service."""
    described = _control().describe_endpoint(EndpointName=settings().endpoint)
    images = [
        deployed.get("ResolvedImage", "")
        for variant in described.get("ProductionVariants", [])
        for deployed in variant.get("DeployedImages", [])
    ]
    digests = [name.partition("@")[2] for name in images if "@" in name]
    if not digests:
        raise Problem(503, "unavailable", "The detector is not in service; try again later.", 30)
    return digests[0]


def _parameters(question: Question, **more: str) -> Any:
    given = {
        "Accept": question.accept,
        "CustomAttributes": question.attributes,
        "InferenceId": question.inference_id[:64],
        **more,
    }
    return {
        "EndpointName": settings().endpoint,
        "Body": question.body,
        "ContentType": question.content_type,
        **{name: value for name, value in given.items() if value},
    }
