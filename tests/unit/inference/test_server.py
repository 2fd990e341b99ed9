from __future__ import annotations

import base64
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.pipeline import Pipeline
from inference.service import Phase, Service
from tests.unit.inference.conftest import BUILD
from tests.unit.inference.pictures import picture

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


async def test_before_the_model_is_loaded_nothing_is_promised(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/ping"),
        await client.get("/info"),
        await client.post("/invocations", content=picture()),
    ):
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "loading"
        assert answer.headers["Retry-After"] == "1"


async def test_ping_follows_the_phase(client: httpx.AsyncClient, service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)
    assert (await client.get("/ping")).status_code == 200
    service.phase = Phase.DRAINING
    assert (await client.get("/ping")).json()["error"]["code"] == "draining"


async def test_a_server_that_was_told_to_stop_while_loading_does_not_turn_ready(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    service.phase = Phase.DRAINING
    service.ready(pipeline)
    assert (await client.get("/ping")).status_code == 503


async def test_the_answer(client: httpx.AsyncClient, service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)
    response = await client.post("/invocations", content=picture("PNG", 128), headers={"Content-Type": "image/png"})
    assert response.status_code == 200
    answer = response.json()
    assert answer["model"] == {"name": "tiny", "digest": pipeline.model.digest}
    assert (answer["build"], answer["is_mock"], answer["image"]) == (BUILD, False, {"width": 128, "height": 128})
    assert set(answer["timings_ms"]) == {"decode", "preprocess", "inference", "postprocess", "queue", "total"}
    first = answer["detections"][0]
    assert (first["class_id"], first["label"]) == (0, "red")
    assert first["score"] > 0.95
    assert first["box"] == [24, 24, 56, 56]
    assert response.headers[ATTRIBUTES] == f"build={BUILD};is_mock=false"


async def test_boxes_are_fractions_of_pixels(client: httpx.AsyncClient, service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)
    response = await client.post("/invocations", content=picture("PNG", 100))
    assert response.json()["detections"][0]["box"] == [18.75, 18.75, 43.75, 43.75]


async def test_all_ways_to_send_a_picture_give_the_same_answer(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    service.ready(pipeline)
    data = picture("PNG")
    encoded = base64.b64encode(data).decode()
    bodies: list[tuple[Any, str]] = [
        (data, "image/png"),
        (data, "application/octet-stream"),
        (data, "application/x-image"),
        (data, "image/jpeg"),
        (json.dumps({"image": encoded}), "application/json"),
        (json.dumps({"image": encoded}) + " " * 80_000, "application/json"),
    ]
    found = [
        (await client.post("/invocations", content=body, headers={"Content-Type": kind})).json()["detections"]
        for body, kind in bodies
    ]
    assert found[0]
    assert all(detections == found[0] for detections in found)


async def test_options_change_the_answer(client: httpx.AsyncClient, service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)

    async def count(**options: Any) -> int:
        body = {"image": base64.b64encode(picture()).decode(), **options}
        return len((await client.post("/invocations", json=body)).json()["detections"])

    assert await count(iou=1, confidence=0.5) == 4
    assert await count(iou=1, confidence=0.5, max_detections=3) == 3
    assert await count(classes=["green", 2]) == 0
    assert await count(confidence=1) == 0
    header = {ATTRIBUTES: "trace=1;iou=1;confidence=0.5;max_detections=2"}
    assert len((await client.post("/invocations", content=picture(), headers=header)).json()["detections"]) == 2


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"", (400, "empty_body")),
        (b"nothing", (415, "not_an_image")),
        (picture()[:400], (400, "truncated_image")),
        (b"{", (400, "invalid_json")),
        (b"{}", (400, "missing_image")),
        (b'{"image": "AAAA", "iou": 7}', (400, "invalid_option")),
        (b'{"image_url": "http://169.254.169.254/"}', (403, "image_url_refused")),
        (picture(side=2000), (413, "picture_too_large")),
        (b"x" * 100_001, (413, "body_too_large")),
    ],
)
async def test_errors_are_sentences_in_json(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline, body: bytes, wanted: tuple[int, str]
) -> None:
    service.ready(pipeline)
    response = await client.post("/invocations", content=body)
    assert (response.status_code, response.json()["error"]["code"]) == wanted
    assert response.json()["error"]["message"].endswith(".")
    assert response.headers[ATTRIBUTES].startswith("build=")


async def test_a_bug_is_a_500_that_is_logged_with_the_id_of_the_request(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    service.ready(Pipeline(pipeline.model, pipeline.task, [broken], 1_000_000))  # type: ignore[list-item]
    response = await client.post("/invocations", content=picture(), headers={"X-Request-Id": "abc-1"})
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")
    assert "abc-1" in response.json()["error"]["message"]
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert service.active == 0


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"X-Request-Id": "a1"}, "a1"),
        ({"X-Amzn-SageMaker-Inference-Id": "b2"}, "b2"),
        ({"X-Request-Id": "a1", "X-Amzn-SageMaker-Inference-Id": "b2"}, "a1"),
    ],
)
async def test_the_callers_id_comes_back(client: httpx.AsyncClient, headers: dict[str, str], wanted: str) -> None:
    assert (await client.post("/invocations", headers=headers)).headers["X-Request-Id"] == wanted


async def test_an_id_that_is_none_is_replaced(client: httpx.AsyncClient) -> None:
    ids = [
        (await client.post("/invocations", headers=headers)).headers["X-Request-Id"]
        for headers in ({}, {"X-Request-Id": "a b"}, {"X-Request-Id": "x" * 200})
    ]
    assert len(set(ids)) == 3
    assert all(len(text) == 32 for text in ids)


async def test_while_draining_requests_are_answered_and_connections_closed(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    service.ready(pipeline)
    assert "Connection" not in (await client.post("/invocations", content=picture())).headers
    service.phase = Phase.DRAINING
    response = await client.post("/invocations", content=picture())
    assert (response.status_code, response.headers["Connection"]) == (200, "close")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/invocations", 405, "method_not_allowed"),
        ("POST", "/ping", 405, "method_not_allowed"),
        ("POST", "/invocations/", 404, "not_found"),
    ],
)
async def test_what_is_not_served(client: httpx.AsyncClient, method: str, path: str, status: int, code: str) -> None:
    response = await client.request(method, path)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


async def test_info_and_welcome(client: httpx.AsyncClient, service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)
    info = (await client.get("/info")).json()
    assert (info["build"], info["is_mock"], info["model"]["labels"]) == (BUILD, False, ["red", "green", "blue"])
    assert info["defaults"] == {"confidence": 0.6, "iou": 0.45, "max_detections": 300}
    assert info["runtime"]["name"] == "onnxruntime"
    assert (await client.get("/")).json()["build"] == BUILD


async def test_a_mock_says_so_everywhere(client: httpx.AsyncClient, service: Service, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_text('{"is_mock": true}')
    service.ready(Pipeline.load(tmp_path, 1, 1, 1_000_000))
    response = await client.post("/invocations", content=picture())
    assert response.json()["is_mock"] is True
    assert response.headers[ATTRIBUTES] == f"build={BUILD};is_mock=true"
    assert (await client.get("/info")).json()["is_mock"] is True
    (found,) = response.json()["detections"]
    assert (found["label"], found["box"]) == ("mock", [16, 16, 48, 48])


# What a task's answers tell, and what it cannot be asked for.
TASKS = {
    "detect": ("box", "masks=rle"),
    "segment": ("polygons", "masks=all"),
    "pose": ("keypoints", "masks=none"),
    "obb": ("corners", "masks=none"),
    "classify": ("score", "iou=0.5"),
}


@pytest.mark.parametrize("task", TASKS)
async def test_a_model_of_every_task_is_served_and_counted(
    client: httpx.AsyncClient, service: Service, tmp_path: Path, caplog: pytest.LogCaptureFixture, task: str
) -> None:
    told, refused = TASKS[task]
    (tmp_path / "model.json").write_text(json.dumps({"is_mock": True, "task": task}))
    service.ready(Pipeline.load(tmp_path, 1, 1, 1_000_000))
    caplog.set_level(logging.INFO, "slipway")
    answer = (await client.post("/invocations", content=picture())).json()
    assert answer["task"] == (await client.get("/info")).json()["model"]["task"] == task
    name = "classifications" if task == "classify" else "detections"
    assert set(answer) - {"detections", "classifications"} == set(answer) - {name}
    (found,) = answer[name]
    assert found[told]
    (line,) = [vars(record)["fields"] for record in caplog.records if record.msg == "invocation"]
    assert line[name] == 1
    error = (await client.post("/invocations", content=picture(), headers={ATTRIBUTES: refused})).json()["error"]
    assert error["code"] == "invalid_option"
    assert refused.partition("=")[0] in error["message"]


async def test_each_request_is_one_log_line_without_its_content(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    service.ready(pipeline)
    caplog.set_level(logging.INFO, "slipway")
    body = json.dumps({"image_url": "https://images.example.com/a.jpg?signature=secret"})
    await client.post("/invocations", content=body, headers={ATTRIBUTES: "token=secret"})
    await client.post("/invocations", content=picture())
    refused, answered = [vars(record)["fields"] for record in caplog.records if record.msg == "invocation"]
    assert (refused["status"], refused["code"]) == (403, "image_url_refused")
    assert (answered["status"], answered["bytes"]) == (200, len(picture()))
    assert "secret" not in caplog.text + repr([vars(record) for record in caplog.records])
