"""A release of the backend, and what clients get of it: API → Lambda code → endpoint → the real server.

The tests of this file follow each other: each finds what those before it have released.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from PIL import Image
from websockets.sync.client import ClientConnection, connect

HTTP = urllib3.PoolManager(retries=False)


def picture(color: str = "red", kind: str = "PNG", frames: int = 1, side: int = 64) -> bytes:
    """A picture of one colour, which the tiny model finds; an animation grows brighter."""
    file = io.BytesIO()
    first, *others = [Image.new("RGB", (side, side), color) for _ in range(frames)]
    for number, one in enumerate(others):
        one.putpixel((0, 0), (number, 0, 0))
    more: Any = {"save_all": True, "append_images": others} if others else {}
    first.save(file, kind, **more)
    return file.getvalue()


def test_a_deployment_before_there_is_a_detector_works_and_says_so(site: Any) -> None:
    """The backend does not wait for the image."""
    code, out, err = site.deploy()
    assert code == 0, err
    assert "backend of dev: done" in out
    assert "shop-dev-http:live works, and the detector does not answer (503)" in out
    answer = HTTP.request("GET", f"{site.url('http')}/health")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert json.loads(answer.data)["error"]["code"] == "unavailable"


def test_the_same_code_again_does_nothing(site: Any) -> None:
    code, out, _ = site.deploy()
    assert code == 0
    assert "backend of dev: unchanged" in out


@pytest.fixture(scope="module")
def detector() -> dict[str, bool]:
    """Whether the endpoint has been made."""
    return {}


@pytest.fixture
def live(site: Any, detector: dict[str, bool]) -> Any:
    """The site with its endpoint."""
    if not detector:
        site.endpoint()
        detector["made"] = True
    return site


def test_health_and_release_say_who_answers(live: Any) -> None:
    health = json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)
    assert (health["status"], health["is_mock"]) == ("ok", False)
    release = json.loads(HTTP.request("GET", f"{live.url('http')}/release").data)
    assert release["digest"].startswith("sha256:")
    assert release["backend"] == health["backend"]
    assert release["build"] == health["build"]


def test_a_picture_is_answered_by_the_real_server(live: Any) -> None:
    url = f"{live.url('http')}/detect"
    answer = HTTP.request("POST", f"{url}?confidence=0.5&max_detections=2", body=picture())
    assert answer.status == 200, answer.data
    found = json.loads(answer.data)["detections"]
    assert [one["label"] for one in found] == ["red", "red"]
    assert "is_mock=false" in answer.headers["x-amzn-sagemaker-custom-attributes"]
    drawn = HTTP.request("POST", url, body=picture(), headers={"Accept": "image/png"})
    assert drawn.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(drawn.data)).size == (64, 64)
    lines = HTTP.request(
        "POST", f"{url}?frames=all", body=picture("blue", "GIF", 3), headers={"Accept": "application/jsonlines"}
    )
    assert [json.loads(line)["index"] for line in lines.data.splitlines()] == [0, 1, 2]


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        (b"a text", "", 415, "not_an_image"),
        (b"", "", 400, "empty_body"),
        (picture()[:-40], "", 400, "truncated_image"),
        (picture(), "?confidence=2", 400, "invalid_option"),
    ],
)
def test_the_server_s_own_errors_come_through(live: Any, body: bytes, query: str, status: int, code: str) -> None:
    answer = HTTP.request("POST", f"{live.url('http')}/detect{query}", body=body)
    assert (answer.status, json.loads(answer.data)["error"]["code"]) == (status, code)


@pytest.fixture
def client(live: Any) -> Iterator[ClientConnection]:
    with connect(live.url("websocket"), proxy=None) as opened:
        yield opened


def say(client: ClientConnection, **message: Any) -> Iterator[Any]:
    """Send a message; its answers, until the last."""
    client.send(json.dumps({"action": "detect", **message}))
    while True:
        told = json.loads(client.recv(60))
        yield told
        if told["type"] in ("end", "error"):
            return


def test_the_frames_of_a_sequence_are_streamed(client: ClientConnection) -> None:
    gif = base64.b64encode(picture("lime", "GIF", 4)).decode()
    *frames, end = say(client, id="walk", image=gif, frames="all", every=2, max_detections=1)
    assert [one["answer"]["image"]["frame"] for one in frames] == [0, 2]
    assert {one["answer"]["detections"][0]["label"] for one in frames} == {"green"}
    assert end == {"type": "end", "id": "walk", "answers": 2}


def test_an_error_of_the_server_is_a_message(client: ClientConnection) -> None:
    [told] = say(client, id="a", image=base64.b64encode(b"a text").decode())
    assert (told["id"], told["status"], told["error"]["code"]) == ("a", 415, "not_an_image")


def test_a_picture_larger_than_a_message_comes_in_parts_in_any_order(live: Any, client: ClientConnection) -> None:
    noise = Image.effect_noise((400, 400), 90).convert("RGB")
    file = io.BytesIO()
    noise.save(file, "PNG")
    whole = file.getvalue()
    assert len(whole) > 128 * 1024
    size = 60_000
    parts = [whole[start : start + size] for start in range(0, len(whole), size)]
    for number in reversed(range(len(parts))):
        told = {"part": number, "last": number == len(parts) - 1, "data": base64.b64encode(parts[number]).decode()}
        text = json.dumps({"action": "detect", "id": "big", "content_type": "image/png", **told})
        # API Gateway takes frames of 32 KB.
        client.send([text[start : start + 30_000] for start in range(0, len(text), 30_000)])
    received: set[int] = set()
    answers: list[Any] = []
    while not answers or answers[-1]["type"] == "detections":
        told = json.loads(client.recv(60))
        if told["type"] == "part":
            received.add(told["part"])
        else:
            answers.append(told)
    assert [one["type"] for one in answers] == ["detections", "end"], answers
    assert answers[0]["answer"]["image"] == {"width": 400, "height": 400}
    held = live.cloud.client("s3", s3={"addressing_style": "path"}).list_objects_v2(Bucket="shop-dev-uploads")
    assert held.get("Contents", []) == []


def test_an_edit_is_a_version_and_a_rollback_takes_it_back(live: Any) -> None:
    before = json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)["backend"]
    path = live.code / "probe.py"
    path.write_text(path.read_text().replace('"""Asks', '"""Edited. Asks'))
    code, out, err = live.deploy()
    assert code == 0, err
    now = json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)["backend"]
    assert int(now) == int(before) + 1
    assert f"`shop-dev-http` version {now}" in out
    code, out, err = live.call("status")
    assert code == 0, err
    assert f"| `shop-dev-http` | {now} | {before} |" in out
    code, out, err = live.call("rollback")
    assert code == 0, err
    assert json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)["backend"] == before


def versions(site: Any) -> dict[str, tuple[str, str]]:
    """What the aliases lead to, and what they say was before."""
    told = [(kind, site.alias(kind)) for kind in ("http", "websocket")]
    return {kind: (one["FunctionVersion"], one.get("Description", "").removeprefix("before:")) for kind, one in told}


def test_a_deployment_that_was_cut_off_between_the_functions_is_finished_or_taken_back(live: Any) -> None:
    path = live.code / "probe.py"
    path.write_text(path.read_text().replace('"""Edited.', '"""Edited again.'))
    before = versions(live)
    assert live.deploy()[0] == 0
    after = versions(live)
    assert after["http"][0] != before["http"][0]
    live.point("websocket", *before["websocket"])
    code, _, err = live.deploy()
    assert code == 0, err
    assert versions(live) == after
    live.point("websocket", *before["websocket"])
    assert live.call("rollback")[0] == 0
    assert {kind: one for kind, (one, _) in versions(live).items()} == {kind: one for kind, (one, _) in before.items()}


def test_a_rollback_that_was_cut_off_between_the_functions_goes_on(live: Any) -> None:
    assert live.deploy()[0] == 0
    after = versions(live)
    live.point("websocket", after["websocket"][1], after["websocket"][0])
    assert live.call("rollback")[0] == 0
    assert {kind: one for kind, (one, _) in versions(live).items()} == {kind: one for kind, (_, one) in after.items()}


def test_settings_that_a_stack_has_changed_are_released_with_the_same_code(live: Any) -> None:
    assert live.deploy()[0] == 0
    assert "unchanged" in live.deploy()[1]
    live.cloud.client("lambda").update_function_configuration(FunctionName="shop-dev-http", MemorySize=640)
    before = versions(live)
    code, out, err = live.deploy()
    assert code == 0, err
    assert "backend of dev: done" in out
    assert versions(live)["http"][1] == before["http"][0]
    assert versions(live)["websocket"] == before["websocket"]
    assert "unchanged" in live.deploy()[1]


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ("import nothing_like_it\n", "Runtime.ImportModuleError"),
        (
            "\n\ndef handler(event, context):\n"
            "    if context.invoked_function_arn.endswith(':live'):\n"
            "        raise ValueError('only when it is live')\n"
            "    return {'statusCode': 200, 'body': '{}'}\n",
            "What was live before is so again",
        ),
    ],
)
def test_code_that_does_not_work_is_never_left_live(live: Any, broken: str, says: str) -> None:
    before = json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)["backend"]
    path = live.code / "http.py"
    good = path.read_text()
    path.write_text(good + broken)
    try:
        code, _, err = live.deploy()
    finally:
        path.write_text(good)
    assert code == 4
    assert says in err.splitlines()[-1]
    assert json.loads(HTTP.request("GET", f"{live.url('http')}/health").data)["backend"] == before


def test_every_region_of_an_environment_gets_the_backend(site: Any) -> None:
    code, out, err = site.call("deploy", "--code", str(site.code), env="wide")
    assert code == 0, err
    assert out.count("backend of wide: done") == 2
    for region in ("eu-west-1", "us-east-1"):
        code, out, err = site.call("status", "--region", region, env="wide")
        assert code == 0, err
        assert "| `shop-wide-http` | 2 | 1 |" in out
    path = site.code / "http.py"
    good = path.read_text()
    path.write_text(good + "import nothing_like_it\n")
    try:
        code, out, err = site.call("deploy", "--code", str(site.code), env="wide")
    finally:
        path.write_text(good)
    assert code == 4
    assert "Not touched: us-east-1." in err.splitlines()[-1]


def test_a_wrong_folder_is_a_sentence(site: Any) -> None:
    code, _, err = site.call("deploy", "--code", str(site.folder))
    assert code == 2
    assert "has no http.py and no websocket.py" in err


def test_what_was_made_in_the_local_cloud_is_removed(site: Any) -> None:
    code, out, err = site.call("destroy")
    assert code == 0, err
    assert out.splitlines()[2:] == ["- shop-dev-http", "- shop-dev-websocket", "- shop-dev-uploads"]
    code, _, err = site.call("status")
    assert code == 2
    assert "there is no function shop-dev-http with an alias live" in err
    code, out, _ = site.call("destroy")
    assert (code, "there was nothing to remove" in out) == (0, True)
