"""Requests that arrive together, through the whole server with a real network on the processor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import httpx

from inference.pipeline import Pipeline
from inference.server import build_app
from inference.service import Service
from inference.settings import Settings
from tests.contract.tiny_model import write_tiny_model
from tests.unit.inference.conftest import BUILD
from tests.unit.inference.pictures import picture


async def test_pictures_go_through_the_network_together_and_a_broken_one_stays_behind(tmp_path: Path) -> None:
    service = Service(Settings(workers=5, batch=4), BUILD)
    # A batch that is not full would wait for longer than the test may take.
    service.ready(Pipeline.load(write_tiny_model(tmp_path), 5, 1, 1_000_000, batch=4, batch_seconds=0.0))
    batching = service.loaded()[0].batching
    assert batching is not None
    batching._seconds = 60
    answers = dict[int, Any]()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(service)), base_url="http://image") as client:

        async def ask(number: int, body: bytes) -> None:
            answers[number] = (await client.post("/invocations", content=body)).json()

        async with anyio.create_task_group() as tasks:
            for number, body in enumerate([picture(), picture()[:99], picture(), picture("PNG"), picture()]):
                tasks.start_soon(ask, number, body)
        with anyio.fail_after(5):
            while "slipway_batch_size_count 1.0" not in (metrics := (await client.get("/metrics")).text):  # noqa: ASYNC110
                await anyio.sleep(0.01)
    assert "slipway_batch_size_sum 4.0" in metrics
    assert answers[1]["error"]["code"] == "truncated_image"
    found = [answers[number]["detections"][0] for number in (0, 2, 3, 4)]
    assert {one["label"] for one in found} == {"red"}
    assert len({str(one["box"]) for one in found}) == 1
