"""GET /metrics, read with the parser of Prometheus' own library."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from inference.pipeline import Pipeline
from inference.server import build_app
from inference.service import Phase, Service
from inference.settings import Settings
from tests.contract.tiny_model import write_tiny_model
from tests.unit.inference.pictures import picture

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
STAGES = {"decode", "preprocess", "inference", "postprocess", "queue"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return Pipeline.load(write_tiny_model(tmp_path_factory.mktemp("model")), 1, 1, 1_000_000)


@pytest.fixture
def service() -> Service:
    return Service(Settings(max_body_bytes=100_000), "b1")


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://image") as client:
        yield client


async def scraped(client: httpx.AsyncClient) -> Samples:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in parse(response.text)
        for sample in family.samples
    }


def value(samples: Samples, metric: str, /, **labels: str) -> float | None:
    return samples.get((metric, frozenset(labels.items())))


async def test_what_was_sent_is_what_is_counted(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    bodies = [picture("PNG"), picture("PNG"), picture("JPEG"), b"nothing", b"x" * 100_001, b""]
    await client.post("/invocations", content=picture())
    service.ready(pipeline)
    before = time.perf_counter()
    answers = [(await client.post("/invocations", content=body)).json() for body in bodies]
    took = time.perf_counter() - before
    found = await scraped(client)

    codes = {("200", "ok"): 3, ("503", "loading"): 1, ("415", "not_an_image"): 1, ("413", "body_too_large"): 1}
    codes["400", "empty_body"] = 1
    counted = {labels: number for (name, labels), number in found.items() if name == "slipway_requests_total"}
    assert counted == {frozenset({("status", status), ("code", code)}): n for (status, code), n in codes.items()}

    assert value(found, "slipway_request_seconds_count", status="200") == 3
    assert 0 < (value(found, "slipway_request_seconds_sum", status="200") or 0) < took
    assert value(found, "slipway_request_seconds_bucket", status="200", le="+Inf") == 3
    for stage in STAGES:
        told = sum(answer["timings_ms"][stage] for answer in answers if "timings_ms" in answer) / 1000
        assert value(found, "slipway_stage_seconds_count", stage=stage) == 3
        assert value(found, "slipway_stage_seconds_sum", stage=stage) == pytest.approx(told)
    assert {dict(labels)["stage"] for name, labels in found if name == "slipway_stage_seconds_count"} == STAGES
    assert value(found, "slipway_batch_size_bucket", le="1.0") == value(found, "slipway_batch_size_count") == 3
    # What is too large was not read.
    read = [picture(), *bodies[:4], b""]
    assert value(found, "slipway_body_bytes_count") == len(read)
    assert value(found, "slipway_body_bytes_sum") == sum(map(len, read))


async def test_the_model_is_told_once_it_is_there(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    before = await scraped(client)
    assert not [name for name, _ in before if name == "slipway_model_info"]
    assert (value(before, "slipway_phase", phase="loading"), value(before, "slipway_phase", phase="ready")) == (1, 0)
    service.ready(pipeline)
    after = await scraped(client)
    model = {"name": "tiny", "digest": pipeline.model.digest, "task": "detect"}
    assert value(after, "slipway_model_info", **model, build="b1", runtime="onnxruntime", is_mock="false") == 1
    assert (value(after, "slipway_phase", phase="loading"), value(after, "slipway_phase", phase="ready")) == (0, 1)
    assert value(after, "slipway_queue_length") == 0
    service.phase = Phase.DRAINING
    assert value(await scraped(client), "slipway_phase", phase="draining") == 1


async def test_what_is_under_way_is_counted(client: httpx.AsyncClient, service: Service) -> None:
    assert value(await scraped(client), "slipway_requests_active") == 0
    service.active = 3
    assert value(await scraped(client), "slipway_requests_active") == 3


def process() -> dict[str, str]:
    return dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())


async def test_the_process_is_told(client: httpx.AsyncClient) -> None:
    found = await scraped(client)
    status = process()
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert value(found, "process_resident_memory_bytes") == pytest.approx(resident, rel=0.2)
    assert value(found, "process_threads") == int(status["Threads"])
    assert (value(found, "process_open_fds") or 0) > 2
    assert time.time() - 86400 < (value(found, "process_start_time_seconds") or 0) <= time.time() + 1


async def test_each_picture_of_several_is_counted(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    service.ready(pipeline)
    image = base64.b64encode(picture()).decode()
    body = {"images": [{"image": image}] * 3}
    assert (await client.post("/invocations", json=body)).status_code == 200
    found = await scraped(client)
    assert value(found, "slipway_requests_total", status="200", code="ok") == 1
    assert value(found, "slipway_stage_seconds_count", stage="inference") == 3


async def test_two_servers_in_a_process_count_for_themselves(client: httpx.AsyncClient) -> None:
    other = httpx.ASGITransport(build_app(Service(Settings(), "b2")))
    async with httpx.AsyncClient(transport=other, base_url="http://other") as second:
        await second.post("/invocations", content=b"x")
        assert value(await scraped(second), "slipway_requests_total", status="503", code="loading") == 1
    assert value(await scraped(client), "slipway_requests_total", status="503", code="loading") is None


async def test_openmetrics_is_answered_to_who_asks_for_it(client: httpx.AsyncClient) -> None:
    response = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert "slipway_phase" in {family.name for family in parse_open(response.text)}  # type: ignore[no-untyped-call]


def test_counting_a_request_costs_microseconds(service: Service) -> None:
    fields, timings = {"status": 200, "bytes": 50_000}, dict.fromkeys([*STAGES, "total"], 1.0)
    start = time.process_time()
    for _ in range(1000):
        service.metrics.answered(fields, 0.02)
        service.metrics.passed(timings)
    assert time.process_time() - start < 0.2  # 200 µs each; 20 on an idle machine
