"""One picture through all stages, each timed: decode → preprocess → inference → postprocess → answer."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from inference.decode import Load, Picture, decode
from inference.modelfiles import ModelFiles, find_model, read_model
from inference.options import Options
from inference.preprocess import preprocess
from inference.runtimes.batching import Batching
from inference.runtimes.execution import execution
from inference.runtimes.load import batched, load_networks, load_quiet
from inference.runtimes.network import Network
from inference.tasks.load import load_task
from inference.tasks.task import Task


@dataclass(frozen=True)
class Pipeline:
    """A loaded and warmed-up model, and a network for each worker."""

    model: ModelFiles
    task: Task
    networks: list[Network]
    max_pixels: int
    quiet: Network | None = None
    """One with more threads, for when cores are idle; any number of workers may share it."""
    batching: Batching | None = None
    """What gathers the workers' inputs, where it does."""

    @classmethod
    def load(
        cls,
        directory: Path | None,
        workers: int,
        threads: int,
        max_pixels: int,
        *,
        device: str = "cpu",
        cpu_fallback: bool = False,
        quiet_threads: int = 1,
        batch: int = 1,
        batch_seconds: float = 0.0,
    ) -> Pipeline:
        """Loads the model and sends a picture through every network; raises ModelError and DeviceError.

        A mock needs no device, but its image does: it is tried out with one. The arguments are those of `Settings`.
        """
        model = read_model(find_model(directory))
        runs = execution(device, cpu_fallback=cpu_fallback)
        if batch > 1 or runs.on_gpu:
            # What goes through a network together has one size, and a GPU is tuned for each size anew.
            model = replace(model, rectangular=False)
        task = load_task(model)
        networks = load_networks(model, task, workers, threads, runs)
        quiet = batching = None
        if batch > 1 and not runs.fallback:
            batching = batched(networks[0], model, task, batch, batch_seconds)
            networks = [batching] * workers
        else:
            quiet = load_quiet(model, task, workers, quiet_threads, runs)
        pipeline = cls(model, task, networks, max_pixels, quiet, batching)
        picture = io.BytesIO()
        Image.new("RGB", (2 * model.image_size, model.image_size)).save(picture, "JPEG")
        for network in dict.fromkeys([*networks, *([quiet] if quiet else [])]):
            pipeline.answer(partial(decode, picture.getvalue()), pipeline.defaults, network)
        return pipeline

    @property
    def defaults(self) -> Options:
        """What a request gets that asks for nothing."""
        return Options(self.model.confidence, self.model.iou, self.task.max_detections)

    @property
    def runtime(self) -> dict[str, str]:
        """What runs the model."""
        return self.networks[0].runtime

    def answer(self, load: Load, options: Options, network: Network) -> dict[str, Any]:
        """The answer for a picture: `task`, `image`, what was found, `timings_ms`, as in docs/architecture.md.

        Coordinates are pixels of the picture as it is looked at. Raises RequestError where it cannot be read.
        """
        timings: dict[str, float] = {}
        with _timed(timings, "decode"):
            picture = load(lambda width, height: self.task.place(width, height).gain, self.max_pixels)
        with _timed(timings, "preprocess"):
            letterbox = self.task.place(picture.width, picture.height)
            batch = preprocess(picture, letterbox)
        with _timed(timings, "inference"):
            outputs = network(batch)
        with _timed(timings, "postprocess"):
            found = self.task.read(tuple(output[0] for output in outputs), letterbox, picture, options)
        return {"task": self.model.task, "image": _described(picture), **found, "timings_ms": timings}


def _described(picture: Picture) -> dict[str, Any]:
    image: dict[str, Any] = {"width": picture.width, "height": picture.height}
    if picture.frames > 1:
        image["frames"] = picture.frames
    if picture.frame is not None:
        image["frame"] = picture.frame
    if picture.milliseconds is not None:
        image["milliseconds"] = picture.milliseconds
    return image


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = round((time.perf_counter() - start) * 1000, 3)
