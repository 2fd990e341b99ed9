"""From a request to its answers: one picture, several, or the frames of one, each by whichever worker comes free."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from inference.bodies.request import Link, Pixels, Source, parse_request
from inference.errors import InvalidOption, RequestError
from inference.options import Options, Sampling, read_options, read_sampling
from inference.remote.buckets import SCHEME
from inference.responses import error_document
from inference.series import in_order

if TYPE_CHECKING:
    from inference.accept import Form
    from inference.decode import Load
    from inference.remote.s3 import S3
    from inference.service import Service

PARSED_ON_THE_LOOP = 64 * 1024
"""Bytes of a body that are parsed faster than a thread is asked to."""


@dataclass(frozen=True)
class Question:
    """A request that was read and found sound."""

    pictures: tuple[Source, ...]
    is_series: bool
    """Whether it is answered by a list."""
    options: Options
    sampling: Sampling | None
    """Which frames are looked at; None for the first alone."""


class Answering:
    """Answers questions with a service's model, within its memory."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings

    async def ask(self, body: bytes, content_type: str, attributes: str) -> Question:
        """Reads a request; raises RequestError."""
        pipeline, _ = self._service.loaded()
        arguments = (body, content_type, attributes, self._settings.max_pictures)
        if len(body) <= PARSED_ON_THE_LOOP:
            request = parse_request(*arguments)
        else:
            request = await anyio.to_thread.run_sync(parse_request, *arguments)
        sampling = read_sampling(request.given, self._settings.max_frames)
        if sampling is not None and request.many:
            raise InvalidOption("The option frames=all goes with one picture, and the request has several. Send one.")
        options = read_options(request.given, pipeline.defaults, pipeline.model.labels, pipeline.task.options)
        return Question(request.pictures, request.many or sampling is not None, options, sampling)

    async def answer(self, question: Question) -> dict[str, Any]:
        """The answer about one picture; raises RequestError."""
        timings: dict[str, float] = {}
        async with self._loader(question.pictures[0], timings) as load:
            return await self._about(load, question.options, timings)

    async def draw(self, question: Question, form: Form) -> tuple[dict[str, Any], bytes]:
        """The answer about one picture, and the picture as JPEG or PNG with the answer drawn into it."""
        # Half of Pillow's fonts and filters: only people who look at pictures need them.
        from inference.drawing import drawn  # noqa: PLC0415

        pipeline, workers = self._service.loaded()
        timings: dict[str, float] = {}
        async with self._loader(question.pictures[0], timings) as load:
            # Masks are drawn from their outlines, whatever form they are told in elsewhere.
            options = replace(question.options, masks="none" if question.options.masks == "none" else "polygons")
            answer = await self._about(load, options, timings)
            data, _ = await workers.run(lambda _: drawn(load, pipeline.max_pixels, answer, form))
            return answer, data

    async def answer_each(self, question: Question, take: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        """Hands on the answer about each picture or frame, in their order, as soon as it is there.

        What is wrong with one of them is its answer. Raises RequestError for what concerns all: a sequence that cannot
        be opened, a server that has no room.
        """
        width = self._settings.workers
        if question.sampling is None:
            await in_order((partial(self._one, source, question.options) for source in question.pictures), width, take)
            return
        from inference.frames.sequence import open_frames  # noqa: PLC0415 - few requests are sequences

        async with self._fetched(question.pictures[0], {}) as data:
            if not isinstance(data, bytes):
                raise InvalidOption("The option frames=all goes with a file. Send an animation, or leave it out.")
            pipeline, _ = self._service.loaded()
            profiles = self._settings.color_profiles
            opening = partial(open_frames, data, question.sampling, pipeline.max_pixels, profiles=profiles)
            frames = await anyio.to_thread.run_sync(opening)
            jobs = (partial(self._frame, load, question.options) for load in frames.loads)
            await in_order(jobs, width if frames.at_once else 1, take)

    @cached_property
    def _s3(self) -> S3:
        from inference.remote.s3 import S3  # noqa: PLC0415 - few requests need it

        return S3(self._settings.image_s3_buckets)

    async def _one(self, source: Source, options: Options) -> dict[str, Any]:
        timings: dict[str, float] = {}
        try:
            async with self._loader(source, timings) as load:
                return await self._about(load, options, timings)
        except RequestError as error:
            return _answer_of(error)

    async def _frame(self, load: Load, options: Options) -> dict[str, Any]:
        from inference.frames.animation import Coming  # noqa: PLC0415 - few requests are sequences

        _, workers = self._service.loaded()
        try:
            if isinstance(load, Coming):
                # Step by step: a step that was begun is finished, even for a client that has left.
                while not (await workers.run(lambda _: load.approach()))[0]:
                    pass
            return await self._about(load, options, {})
        except RequestError as error:
            return _answer_of(error)

    async def _about(self, load: Load, options: Options, timings: dict[str, float]) -> dict[str, Any]:
        begun = time.perf_counter()
        pipeline, workers = self._service.loaded()
        answer, waited = await workers.run(lambda network: pipeline.answer(load, options, network))
        if pipeline.batching is None:
            self._service.metrics.batches.observe(1)
        timings |= answer["timings_ms"]
        timings["queue"] = round(waited * 1000, 3)
        timings["total"] = round(timings.get("fetch", 0) + _milliseconds(begun), 3)
        self._service.metrics.passed(timings)
        return {**self._service.identity, **answer, "timings_ms": timings}

    @asynccontextmanager
    async def _loader(self, source: Source, timings: dict[str, float]) -> AsyncIterator[Load]:
        """What reads the picture."""
        # Loaded with the model: a server that listens at once cannot wait for them.
        from inference.decode import bare, decode  # noqa: PLC0415
        from inference.frames.motion_jpeg import is_avi  # noqa: PLC0415

        profiles = self._settings.color_profiles
        async with self._fetched(source, timings) as found:
            if isinstance(found, Pixels):
                yield partial(bare, found.values)
            elif is_avi(found):
                from inference.frames.sequence import first_frame  # noqa: PLC0415 - few requests are sequences

                yield partial(first_frame, found, profiles=profiles)
            else:
                yield partial(decode, found, profiles=profiles)

    @asynccontextmanager
    async def _fetched(self, source: Source, timings: dict[str, float]) -> AsyncIterator[bytes | Pixels]:
        """The picture itself; what had to be fetched is held in memory until the end of the `async with`."""
        if isinstance(source, RequestError):
            raise source
        if not isinstance(source, Link):
            yield source
            return
        settings, begun = self._settings, time.perf_counter()
        with self._service.memory.share() as take:
            from inference.remote.fetch import fetch  # noqa: PLC0415 - few requests need it

            limits = (settings.image_url_bytes, settings.image_url_seconds, take)
            if source.url.startswith(SCHEME):
                data = await self._s3.fetch(source.url, *limits)
            else:
                data = await fetch(source.url, settings.image_url_hosts, *limits)
            timings["fetch"] = _milliseconds(begun)
            yield data


def _answer_of(error: RequestError) -> dict[str, Any]:
    """What is wrong with one picture of several; raises the error when it is the server that has no room."""
    if error.status >= 500:
        raise error
    return error_document(error.code, str(error))


def _milliseconds(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 3)
