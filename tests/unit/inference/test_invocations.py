from __future__ import annotations

import base64
import io
import json
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from inference.pipeline import Pipeline
from inference.server import build_app
from inference.service import Service
from inference.settings import Settings
from inference.workers import Workers
from tests.unit.inference.conftest import BUILD
from tests.unit.inference.pictures import picture

ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"


@pytest.fixture(autouse=True)
def loaded(service: Service, pipeline: Pipeline) -> None:
    service.ready(pipeline)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def animation(kind: str = "GIF", count: int = 4, milliseconds: int = 100) -> bytes:
    """A red square that moves to the right."""
    frames = []
    for number in range(count):
        frame = Image.new("RGB", (64, 64))
        frame.paste((255, 0, 0), (8 * number, 16, 8 * number + 16, 32))
        frames.append(frame)
    file = io.BytesIO()
    frames[0].save(file, kind, save_all=True, append_images=frames[1:], duration=milliseconds, lossless=True)
    return file.getvalue()


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/jsonlines"
    assert response.text.endswith("\n")
    return [json.loads(line) for line in response.text.splitlines()]


async def test_a_list_of_pictures_is_answered_by_a_list_in_which_one_may_fail(client: httpx.AsyncClient) -> None:
    alone = (await client.post("/invocations", content=picture())).json()
    images = [{"image": encoded(picture())}, {"image": encoded(picture()[:300])}, {"image_url": "http://10.0.0.1/"}, {}]
    response = await client.post("/invocations", json={"images": [*images, images[0]]})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [result["index"] for result in results] == [0, 1, 2, 3, 4]
    for good in (results[0], results[4]):
        assert {**good, "timings_ms": 0, "index": 0} == {**alone, "timings_ms": 0, "index": 0}
    codes = [result["error"]["code"] for result in results[1:4]]
    assert codes == ["truncated_image", "image_url_refused", "missing_image"]


async def test_options_and_limits_concern_the_whole_list(client: httpx.AsyncClient) -> None:
    image = {"image": encoded(picture())}
    response = await client.post("/invocations", json={"images": [image, image], "confidence": 1})
    assert [result["detections"] for result in response.json()["results"]] == [[], []]
    for body, code in (
        ({"images": [image], "iou": 7}, "invalid_option"),
        ({"images": [image] * 65}, "too_many_pictures"),
        ({"images": [image], "frames": "all"}, "invalid_option"),
    ):
        response = await client.post("/invocations", json=body)
        assert (response.is_client_error, response.json()["error"]["code"]) == (True, code)


async def test_a_list_as_lines(client: httpx.AsyncClient) -> None:
    body = {"images": [{"image": encoded(picture())}, {}]}
    headers = {"Accept": "application/jsonlines", "X-Request-Id": "a1"}
    response = await client.post("/invocations", json=body, headers=headers)
    good, bad = lines(response)
    assert (good["index"], good["detections"][0]["label"]) == (0, "red")
    assert (bad["index"], bad["error"]["code"]) == (1, "missing_image")
    assert response.headers["X-Request-Id"] == "a1"
    assert response.headers[ATTRIBUTES].startswith("build=")


async def test_one_picture_as_a_line(client: httpx.AsyncClient) -> None:
    response = await client.post("/invocations", content=picture(), headers={"Accept": "application/jsonlines"})
    (answer,) = lines(response)
    assert answer["detections"][0]["label"] == "red"
    assert "index" not in answer


async def test_a_form(client: httpx.AsyncClient) -> None:
    alone = (await client.post("/invocations", content=picture())).json()["detections"]
    answer = (await client.post("/invocations", files={"file": ("a.jpg", picture())})).json()
    assert answer["detections"] == alone
    several = [("file", ("a.jpg", picture())), ("file", ("b.jpg", b"nothing"))]
    first, second = (await client.post("/invocations", files=several, data={"confidence": "0.5"})).json()["results"]
    assert first["detections"] == alone
    assert second["error"]["code"] == "not_an_image"


async def test_an_array(client: httpx.AsyncClient) -> None:
    data = picture("PNG")
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    alone = (await client.post("/invocations", content=data)).json()["detections"]

    async def results(values: Any) -> Any:
        file = io.BytesIO()
        np.save(file, values)
        headers = {"Content-Type": "application/x-npy"}
        return (await client.post("/invocations", content=file.getvalue(), headers=headers)).json()

    assert (await results(pixels))["detections"] == alone
    assert [one["detections"] for one in (await results(np.stack([pixels, 0 * pixels])))["results"]] == [alone, []]
    assert (await results(np.zeros((1001, 1000), np.uint8)))["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
async def test_frames_are_answered_one_by_one(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post("/invocations", content=animation(kind), headers={ATTRIBUTES: "frames=all"})
    answers = lines(response)
    assert [(answer["image"]["frame"], answer["image"]["milliseconds"]) for answer in answers] == [
        (0, 0),
        (1, 100),
        (2, 200),
        (3, 300),
    ]
    assert {answer["image"]["frames"] for answer in answers} == {4}
    assert [answer["detections"][0]["box"][0] for answer in answers] == [0, 4, 12, 20]


async def test_some_frames_and_as_one_document(client: httpx.AsyncClient) -> None:
    body = {"image": encoded(animation(count=9)), "frames": "all", "every": 3, "max_frames": 2}
    response = await client.post("/invocations", json=body, headers={"Accept": "application/json"})
    results = response.json()["results"]
    assert [(one["index"], one["image"]["frame"], one["image"]["milliseconds"]) for one in results] == [
        (0, 0, 0),
        (1, 3, 300),
    ]


async def test_frames_that_are_passed_over_do_not_keep_a_worker_for_themselves(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inference.frames.animation.MOMENT", 0.0)
    turns = 0

    async def counted(self: Workers[Any], work: Any) -> Any:
        nonlocal turns
        turns += 1
        return await run(self, work)

    run = Workers[Any].run
    monkeypatch.setattr(Workers, "run", counted)
    response = await client.post("/invocations", content=animation(count=6), headers={ATTRIBUTES: "frames=all;every=5"})
    assert [line["image"]["frame"] for line in lines(response)] == [0, 5]
    assert turns >= 2 + 4


async def test_any_picture_is_a_sequence_of_one(client: httpx.AsyncClient) -> None:
    for data in (picture(), picture("BMP")):
        (answer,) = lines(await client.post("/invocations", content=data, headers={ATTRIBUTES: "frames=all"}))
        assert answer["detections"][0]["label"] == "red"


async def test_a_camera_stream(client: httpx.AsyncClient) -> None:
    parts = [b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + picture() + b"\r\n" for _ in range(3)]
    headers = {"Content-Type": "multipart/x-mixed-replace; boundary=frame"}
    response = await client.post("/invocations", content=b"".join(parts), headers=headers)
    assert response.json()["detections"][0]["label"] == "red"
    response = await client.post("/invocations", content=b"".join(parts), headers={**headers, ATTRIBUTES: "frames=all"})
    assert [answer["image"]["frame"] for answer in lines(response)] == [0, 1, 2]


async def test_a_frame_that_is_broken_is_an_answer(client: httpx.AsyncClient) -> None:
    broken = bytearray(picture())
    size = broken.index(b"\xff\xc0") + 5
    broken[size : size + 4] = bytes(4)
    body = picture() + bytes(broken) + picture()
    answers = lines(await client.post("/invocations", content=body, headers={ATTRIBUTES: "frames=all"}))
    assert ["error" in answer for answer in answers] == [False, True, False]


async def test_a_sequence_that_cannot_be_opened_is_an_error(client: httpx.AsyncClient) -> None:
    response = await client.post("/invocations", content=b"GIF89a" + bytes(3), headers={ATTRIBUTES: "frames=all"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "truncated_image")


async def test_a_bug_after_the_first_line_is_the_last_line(
    client: httpx.AsyncClient, service: Service, pipeline: Pipeline
) -> None:
    calls: list[int] = []

    def breaking(batch: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError
        return pipeline.networks[0](batch)

    service.ready(Pipeline(pipeline.model, pipeline.task, [breaking], 1_000_000))  # type: ignore[list-item]
    answers = lines(await client.post("/invocations", content=animation(), headers={ATTRIBUTES: "frames=all"}))
    assert ["error" in answer for answer in answers] == [False, False, True]
    assert answers[-1]["error"]["code"] == "internal"
    assert service.active == 0


async def test_answers_are_held_within_the_memory_for_requests(pipeline: Pipeline) -> None:
    body, all_frames = animation(count=30), {ATTRIBUTES: "frames=all"}
    service = Service(Settings(max_held_bytes=len(body) + 8000), BUILD)
    service.ready(pipeline)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build_app(service)), base_url="http://image") as client:
        (first, *_), headers = lines(await client.post("/invocations", content=body, headers=all_frames)), all_frames
        assert 30 * len(json.dumps(first)) > 8000
        refused = await client.post("/invocations", content=body, headers={**headers, "Accept": "application/json"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "overloaded")
        assert "connection" not in refused.headers
        drawn = await client.post("/invocations", content=picture("JPEG", 1000), headers={"Accept": "image/png"})
        assert (drawn.status_code, drawn.json()["error"]["code"]) == (503, "overloaded")
    assert service.memory.held == 0


@pytest.mark.parametrize("accept", [("text/html", "application/json"), ("application/json;q=0.5", "image/png;q=0.1")])
async def test_a_header_of_several_lines_is_one(client: httpx.AsyncClient, accept: tuple[str, ...]) -> None:
    headers = [("Accept", line) for line in accept]
    response = await client.post("/invocations", content=picture(), headers=headers)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize(("accept", "kind"), [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/*", "JPEG")])
async def test_a_drawn_picture(client: httpx.AsyncClient, accept: str, kind: str) -> None:
    response = await client.post("/invocations", content=picture("PNG", 128), headers={"Accept": accept})
    assert (response.status_code, response.headers["Content-Type"]) == (200, f"image/{kind.lower()}")
    assert int(response.headers["X-Slipway-Detections"]) > 0
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.size) == (kind, (128, 128))


@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (picture(), {"Accept": "image/webp"}, "not_acceptable"),
        (animation(), {"Accept": "image/png", ATTRIBUTES: "frames=all"}, "not_acceptable"),
        (picture(), {ATTRIBUTES: "frames=some"}, "invalid_option"),
        (picture(), {ATTRIBUTES: "frames=all;every=0"}, "invalid_option"),
        (picture(), {ATTRIBUTES: "frames=all;max_frames=301"}, "invalid_option"),
        (b"\0\0\0\x18ftypmp42" + bytes(50), {}, "unsupported_video"),
        (b"\0\0\0\x18ftypmp42" + bytes(50), {ATTRIBUTES: "frames=all"}, "unsupported_video"),
        (b"\x1a\x45\xdf\xa3" + bytes(50), {}, "unsupported_video"),
        (b"\0\0\0\x18ftypheic" + bytes(50), {}, "not_an_image"),
    ],
)
async def test_what_cannot_be_asked_for(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], code: str
) -> None:
    response = await client.post("/invocations", content=content, headers=headers)
    error = response.json()["error"]
    assert (response.is_client_error, error["code"]) == (True, code)
    assert error["message"].endswith(".")
