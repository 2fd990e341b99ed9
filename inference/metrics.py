"""What GET /metrics tells Prometheus: requests, times by stage, queue, model, process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from inference.errors import NotReady

if TYPE_CHECKING:
    from inference.service import Service

REQUEST_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Seconds; SageMaker gives up after 60."""
STAGE_BUCKETS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64)
BODY_BUCKETS: Final = tuple(1024 * 4**power for power in range(8))
"""1 KiB to 16 MiB."""

# Each counter would bring a second series with the time when it was made, which nobody asks for.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The metrics of one server, in a registry of their own.

    Labels have few values, all known to the code: statuses, error codes, stages, phases. What a caller sends is none.
    """

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "slipway_requests", "Answered requests to /invocations.", ["status", "code"], registry=self._registry
        )
        self._seconds = Histogram(
            "slipway_request_seconds",
            "From the headers of a request to the end of its answer.",
            ["status"],
            buckets=REQUEST_BUCKETS,
            registry=self._registry,
        )
        self._stages = Histogram(
            "slipway_stage_seconds",
            "Stages of each picture that was answered.",
            ["stage"],
            buckets=STAGE_BUCKETS,
            registry=self._registry,
        )
        self._bodies = Histogram(
            "slipway_body_bytes", "Bodies that were read.", buckets=BODY_BUCKETS, registry=self._registry
        )
        self.batches = Histogram(
            "slipway_batch_size", "Pictures in one inference.", buckets=BATCH_BUCKETS, registry=self._registry
        )
        self._registry.register(_Now(service))
        prometheus_client.ProcessCollector(registry=self._registry)

    def answered(self, fields: Mapping[str, Any], seconds: float) -> None:
        """Counts a request.

        Args:
            fields: of its log line: `status`, `code` unless it went well, `bytes`.
            seconds: from its headers to the end of its answer.
        """
        status, code = str(fields.get("status", "none")), fields.get("code", "ok")
        self._requests.labels(status, code).inc()
        self._seconds.labels(status).observe(seconds)
        if isinstance(size := fields.get("bytes"), int):
            self._bodies.observe(size)

    def passed(self, timings: Mapping[str, float]) -> None:
        """Counts the stages of a picture that was answered, from its `timings_ms`."""
        for stage, milliseconds in timings.items():
            if stage != "total":
                self._stages.labels(stage).observe(milliseconds / 1000)

    def respond(self, request: Request) -> Response:
        """The metrics in the format that the scraper asks for: Prometheus' text, or OpenMetrics."""
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(self._registry), headers={"Content-Type": media_type})


class _Now:
    """What is read when it is asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[GaugeMetricFamily]:
        service = self._service
        yield GaugeMetricFamily("slipway_requests_active", "Requests not answered yet.", service.active)
        phases = GaugeMetricFamily("slipway_phase", "1 for the phase that the server is in.", labels=["phase"])
        for phase in type(service.phase):
            phases.add_metric([phase.value], float(phase is service.phase))
        yield phases
        # The process collector of the library does not count threads; the kernel has a folder for each.
        yield GaugeMetricFamily("process_threads", "Threads of the process.", len(os.listdir("/proc/self/task")))  # noqa: PTH208
        try:
            info, (_, workers) = service.info(), service.loaded()
        except NotReady:
            return
        yield GaugeMetricFamily("slipway_queue_length", "Pictures that wait for a worker.", workers.waiting)
        model = {
            "name": info["model"]["name"],
            "digest": info["model"]["digest"],
            "task": info["model"]["task"],
            "build": info["build"],
            "runtime": info["runtime"]["name"],
            "is_mock": str(info["is_mock"]).lower(),
        }
        known = GaugeMetricFamily("slipway_model_info", "The model that answers.", labels=list(model))
        known.add_metric(list(model.values()), 1)
        yield known
