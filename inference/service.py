"""What the server knows of itself, its phase and its model, and how it answers a request."""

from __future__ import annotations

import enum
import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.types import Receive

from inference.bodies.reader import BodyReader, while_connected
from inference.bodies.request import Request, parse_request
from inference.errors import NotReady
from inference.options import read_options
from inference.remote.fetch import fetch
from inference.settings import Settings
from inference.workers import Workers

if TYPE_CHECKING:
    from inference.metrics import Metrics
    from inference.pipeline import Pipeline
    from inference.runtimes.network import Network

PARSED_ON_THE_LOOP = 64 * 1024
"""Bytes of JSON that are parsed faster than a thread is asked to."""


class Phase(enum.Enum):
    """Where the server is in its life."""

    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"


class Service:
    """A model behind a queue."""

    def __init__(self, settings: Settings, build: str) -> None:
        self.settings = settings
        self.build = build
        self.phase = Phase.LOADING
        self.active = 0
        """Requests that have arrived and are not answered yet."""
        self.cut_off = 0
        """Requests whose answer was given up because the time to drain was over."""
        self.last_activity = time.monotonic()
        self.bodies = BodyReader(settings.max_body_bytes, settings.max_held_bytes, settings.body_seconds)
        self._pipeline: Pipeline | None = None
        self._workers: Workers[Network] | None = None

    def ready(self, pipeline: Pipeline) -> None:
        """Takes a model that is loaded and warm."""
        self._pipeline = pipeline
        self._workers = Workers(pipeline.networks, self.settings.queue, self.settings.queue_seconds)
        if self.phase is Phase.LOADING:
            self.phase = Phase.READY

    @cached_property
    def metrics(self) -> Metrics:
        """What is counted. Prometheus' library is loaded by the first request, not before the first /ping."""
        from inference.metrics import Metrics  # noqa: PLC0415

        return Metrics(self)

    @property
    def attributes(self) -> str:
        """The response header X-Amzn-SageMaker-Custom-Attributes: the only one that InvokeEndpoint hands on."""
        is_mock = self._pipeline is not None and self._pipeline.model.is_mock
        return f"build={self.build};is_mock={json.dumps(is_mock)}"

    def info(self) -> dict[str, Any]:
        """What runs here; raises NotReady."""
        pipeline, _ = self.loaded()
        model = pipeline.model
        return {
            "build": self.build,
            "model": {
                "name": model.name,
                "digest": model.digest,
                "task": model.task,
                "image_size": model.image_size,
                "labels": list(model.labels),
            },
            "is_mock": model.is_mock,
            "defaults": {"confidence": model.confidence, "iou": model.iou},
            "runtime": {**pipeline.runtime, "workers": self.settings.workers, "threads": self.settings.threads},
        }

    def loaded(self) -> tuple[Pipeline, Workers[Network]]:
        """The model and who works with it; raises NotReady."""
        if self._pipeline is None or self._workers is None:
            raise NotReady("The model is still being loaded. Send it again when GET /ping answers 200.")
        return self._pipeline, self._workers

    async def invoke(self, body: bytes, content_type: str, attributes: str, receive: Receive) -> dict[str, Any]:
        """The answer to one request; raises RequestError, or ClientGone when the client left while it waited."""
        arrived = time.perf_counter()
        pipeline, workers = self.loaded()
        request = await _parsed(body, content_type, attributes)
        options = read_options(request.given, pipeline.defaults, pipeline.model.labels, pipeline.task.options)
        timings: dict[str, float] = {}

        async def work() -> tuple[dict[str, Any], float]:
            picture = request.picture
            if picture is None:
                picture = await self._fetched(request.url or "")
                timings["fetch"] = _milliseconds(arrived)
            data = picture
            return await workers.run(lambda network: pipeline.answer(data, options, network))

        answer, waited = await while_connected(receive, work)
        self.metrics.batches.observe(1)
        timings |= answer["timings_ms"]
        timings |= {"queue": round(waited * 1000, 3), "total": _milliseconds(arrived)}
        return {
            "model": {"name": pipeline.model.name, "digest": pipeline.model.digest},
            "build": self.build,
            "is_mock": pipeline.model.is_mock,
            **answer,
            "timings_ms": timings,
        }

    async def _fetched(self, url: str) -> bytes:
        settings = self.settings
        return await fetch(url, settings.image_url_hosts, settings.image_url_bytes, settings.image_url_seconds)


async def _parsed(body: bytes, content_type: str, attributes: str) -> Request:
    if len(body) <= PARSED_ON_THE_LOOP:
        return parse_request(body, content_type, attributes)
    return await anyio.to_thread.run_sync(parse_request, body, content_type, attributes)


def _milliseconds(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 3)
