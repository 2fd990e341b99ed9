"""What the server knows of itself, its phase and its model."""

from __future__ import annotations

import enum
import json
import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from inference.bodies.reader import BodyReader
from inference.errors import NotReady
from inference.memory import Memory
from inference.settings import Settings
from inference.workers import Workers

if TYPE_CHECKING:
    from inference.metrics import Metrics
    from inference.pipeline import Pipeline
    from inference.runtimes.network import Network


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
        self.memory = Memory(settings.max_held_bytes)
        self.bodies = BodyReader(settings.max_body_bytes, settings.body_seconds, self.memory)
        self._pipeline: Pipeline | None = None
        self._workers: Workers[Network] | None = None

    def ready(self, pipeline: Pipeline) -> None:
        """Takes a model that is loaded and warm."""
        self._pipeline = pipeline
        self._workers = Workers(
            pipeline.networks, self.settings.queue, self.settings.queue_seconds, quiet=pipeline.quiet
        )
        if pipeline.batching is not None:
            pipeline.batching.observe = self.metrics.batches.observe
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
        model, options, defaults = pipeline.model, pipeline.task.options, vars(pipeline.defaults)
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
            "defaults": {name: own for name, own in defaults.items() if name in options and own is not None},
            "runtime": {
                **pipeline.runtime,
                "workers": self.settings.workers,
                "threads": self.settings.threads,
                "quiet_threads": self.settings.threads if pipeline.quiet is None else self.settings.quiet_threads,
                "batch": self.settings.batch,
            },
        }

    def loaded(self) -> tuple[Pipeline, Workers[Network]]:
        """The model and who works with it; raises NotReady."""
        if self._pipeline is None or self._workers is None:
            raise NotReady("The model is still being loaded. Send it again when GET /ping answers 200.")
        return self._pipeline, self._workers

    @property
    def identity(self) -> dict[str, Any]:
        """What every answer begins with: the model and the build that give it."""
        pipeline, _ = self.loaded()
        return {
            "model": {"name": pipeline.model.name, "digest": pipeline.model.digest},
            "build": self.build,
            "is_mock": pipeline.model.is_mock,
        }
