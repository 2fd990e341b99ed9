"""Data capture: requests and answers as lines of JSON in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html: the format and the folders.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import LocalCloudError
from infra.localcloud.sagemaker.invoker import Answer

# AWS collects for some minutes before it writes.
_FLUSH_S = 1.0
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """A request, as far as it is captured."""

    content_type: str
    body: bytes
    inference_id: str | None
    custom_attributes: str | None


class Captures:
    """Collects what endpoints with a DataCaptureConfig hear and say, and writes it once a second."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._lock = threading.Lock()
        self._lines: defaultdict[str, list[str]] = defaultdict(list)
        self._writer = threading.Thread(target=self._write_on, name="captures", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._writer.start()

    def close(self) -> None:
        """Write what is left; the clock must be stopping."""
        self._writer.join()
        self._write()

    def note(self, asked: Asked, answer: Answer) -> None:
        """Keep one request and its answer, where the fleet's configuration says so."""
        config = answer.fleet.capture
        if config is None:
            return
        now = datetime.now(UTC)
        folder = "/".join(
            (config["DestinationS3Uri"].rstrip("/"), answer.endpoint.name, answer.variant.name, f"{now:%Y/%m/%d/%H}")
        )
        with self._lock:
            self._lines[folder].append(json.dumps(_line(config, asked, answer, now)))

    def _write_on(self) -> None:
        while self._cloud.clock.pause(_FLUSH_S):
            self._write()

    def _write(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, defaultdict(list)
        for folder, told in lines.items():
            name = f"{folder}/{datetime.now(UTC):%M-%S-%f}-{uuid4()}.jsonl"
            try:
                self._cloud.moto.write_object(name, "".join(f"{line}\n" for line in told).encode(), "application/json")
            except LocalCloudError as error:
                _LOG.warning("%d captured requests are lost: %s", len(told), error)


def _line(config: dict[str, Any], asked: Asked, answer: Answer, now: datetime) -> dict[str, Any]:
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    headers = config.get("CaptureContentTypeHeader") or {}
    data = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _part(headers, "INPUT", asked.content_type, asked.body)
    if modes & {"Output", "InputAndOutput"}:
        kind = answer.headers.get("Content-Type", "application/octet-stream")
        data["endpointOutput"] = _part(headers, "OUTPUT", kind, answer.body)
    return {
        "captureData": data,
        "eventMetadata": {
            "eventId": str(uuid4()),
            **({"customAttributes": [asked.custom_attributes]} if asked.custom_attributes else {}),
            **({"inferenceId": asked.inference_id} if asked.inference_id else {}),
            "inferenceTime": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }


def _part(headers: dict[str, list[str]], mode: str, content_type: str, body: bytes) -> dict[str, str]:
    """One side of a request: text where its content type is named as such, else base64 (API, DataCaptureConfig)."""
    kind = content_type.partition(";")[0].strip().lower()
    encoding = next(
        (name for name in ("JSON", "CSV") if kind in headers.get(f"{name.title()}ContentTypes", [])), "BASE64"
    )
    data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode("utf-8", "replace")
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
