"""A picture sent to a live endpoint: at once, or through S3 where the endpoint is asynchronous."""

from __future__ import annotations

import json
import mimetypes
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from infra.aws_errors import code, message
from infra.errors import InputError, RolloutFailed
from infra.release.findings import Detection, read
from infra.release.kinds import awake

if TYPE_CHECKING:
    from pathlib import Path

    from infra.cloud import Cloud
    from infra.config import Config
    from infra.release.names import Place

_QUEUED = 300.0  # seconds that an answer of an asynchronous endpoint is waited for


@dataclass(frozen=True)
class Answer:
    """What the endpoint answered, and how long it took from here in milliseconds."""

    build: str
    model: str
    is_mock: bool
    detections: tuple[Detection, ...]
    milliseconds: float
    variant: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """A picture and what is to be found in it; `expected` is None where there is nothing to compare with."""

    name: str
    picture: bytes
    expected: tuple[Detection, ...] | None


def read_sample(picture: Path, expected: Path | None) -> Sample:
    """Read both; InputError with a sentence if one cannot be used."""
    try:
        data = picture.read_bytes()
        text = expected.read_text() if expected else None
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; give an existing file.") from None
    if not data:
        raise InputError(f"{picture} is empty; give a JPEG, PNG or WebP picture.")
    try:
        found = read(json.loads(text)) if text is not None else None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{expected} does not say what to expect ({type(error).__name__}: {error}); it must be "
            '{"detections": [{"label", "score", "box": [x1, y1, x2, y2]}]}, or with "task": "classify" '
            '{"classifications": [{"label", "score"}]}.'
        ) from None
    return Sample(picture.name, data, found)


def invoke(cloud: Cloud, config: Config, place: Place, sample: Sample, variant: str = "") -> Answer:
    """Send a picture to a live endpoint, or to one of its variants.

    RolloutFailed or InputError says why there is no answer. That AWS could not be reached says nothing about the
    release, and is raised as it is.
    """
    name, endpoint, limit = sample.name, place.endpoint, config.payload_limit_mb(place.environment)
    if len(sample.picture) > limit * 1024 * 1024:
        raise InputError(
            f"{name} has {len(sample.picture) / 2**20:.1f} MiB and the endpoint takes {limit} (payload_limit_mb); "
            "give a smaller one."
        )
    asynchronous = config.environment(place.environment).asynchronous
    began = time.monotonic()
    try:
        if asynchronous:
            raw, answered = _through_s3(cloud, endpoint, asynchronous.output, sample), ""
        else:
            raw, answered = _at_once(cloud, endpoint, sample, variant)
        body = json.loads(raw)
        return Answer(
            build=str(body["build"]),
            model=str(body["model"]["digest"]),
            is_mock=bool(body["is_mock"]),
            detections=read(body),
            milliseconds=round((time.monotonic() - began) * 1000, 1),
            variant=answered,
            body=body,
        )
    except ClientError as error:
        raise _no_answer(endpoint, name, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise RolloutFailed(
            f"endpoint {endpoint} answered {name} with something that is not Slipway's answer "
            f"({type(error).__name__}: {error}); "
            "deploy an image that Slipway built."
        ) from error


def _at_once(cloud: Cloud, endpoint: str, sample: Sample, variant: str) -> tuple[bytes, str]:
    """The body that InvokeEndpoint gives, and the variant that answered."""
    target = {"TargetVariant": variant} if variant else {}
    told = awake(
        lambda: cloud.runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType=_content_type(sample.name),
            Accept="application/json",
            Body=sample.picture,
            **target,
        )
    )
    return told["Body"].read(), told.get("InvokedProductionVariant", "")


def _through_s3(cloud: Cloud, endpoint: str, output: str, sample: Sample) -> bytes:
    """What InvokeEndpointAsync leaves in S3; everything that was written for it is removed again."""
    place = f"{output.rstrip('/')}/slipway/{uuid4()}"
    written = [place]
    try:
        cloud.s3.put_object(**_key(place), Body=sample.picture)
        told = cloud.runtime.invoke_endpoint_async(
            EndpointName=endpoint,
            ContentType=_content_type(sample.name),
            Accept="application/json",
            InputLocation=place,
        )
        written += [told["OutputLocation"], told.get("FailureLocation", "")]
        deadline, pause = time.monotonic() + _QUEUED, 0.1
        while time.monotonic() < deadline:
            if (answer := _object(cloud, told["OutputLocation"])) is not None:
                return answer
            if (failure := _object(cloud, told.get("FailureLocation", ""))) is not None:
                raise RolloutFailed(
                    f"endpoint {endpoint} failed with {sample.name}: {_reason(failure)}; look at the container's logs."
                )
            time.sleep(pause)
            pause = min(pause * 1.5, 5.0)
    finally:
        for one in filter(None, written):
            cloud.s3.delete_object(**_key(one))
    raise RolloutFailed(
        f"endpoint {endpoint} has not answered {sample.name} after {_QUEUED:.0f} s: its queue is long, or its role may "
        f"not read or write {output}; look at its logs."
    )


def _object(cloud: Cloud, location: str) -> bytes | None:
    """What is at a place in S3, None where there is nothing yet."""
    if not location:
        return None
    try:
        return cloud.s3.get_object(**_key(location))["Body"].read()
    except ClientError as error:
        if code(error) != "NoSuchKey":
            raise
        return None


def _key(location: str) -> Any:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def _content_type(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _reason(failure: bytes) -> str:
    """Why the model refused, in its own words."""
    text = failure.decode(errors="replace")
    try:
        text = str(json.loads(text)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        text = text[:300]
    return text.rstrip(". ")


def _no_answer(endpoint: str, name: str, error: ClientError) -> Exception:
    if code(error) == "ModelError":
        status = error.response.get("OriginalStatusCode", "?")
        original = _reason(str(error.response.get("OriginalMessage") or message(error)).encode())
        told = f"the model refused {name} with status {status}: {original}"
        if str(status).startswith("4"):
            return InputError(f"{told}.")
        return RolloutFailed(f"{told}; look at the container's logs.")
    if code(error) in ("ValidationError", "ValidationException"):
        return InputError(
            f"endpoint {endpoint} cannot be asked: {message(error)}; look with `python -m infra status`, and "
            "deploy if it is not there."
        )
    return error
