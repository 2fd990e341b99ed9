"""The function behind the WebSocket API, given the events that API Gateway sends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from backend.connection import LARGEST, Connection, Gone
from backend.problem import Problem
from backend.websocket import handler
from tests.unit.backend.conftest import FOUND, Detector
from tests.unit.backend.events import Context, websocket

PICTURE = base64.b64encode(b"\xff\xd8 a picture").decode()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was posted to the connection."""
    texts: list[Any] = []
    monkeypatch.setattr(Connection, "_post", lambda _, text: texts.append(json.loads(text)))
    return texts


def say(message: Any, **context: Any) -> None:
    assert handler(websocket("MESSAGE", message), Context(**context)) == {"statusCode": 200}


def test_each_answer_is_sent_as_it_comes(endpoint: Detector, sent: list[Any]) -> None:
    endpoint.lines = [json.dumps({**FOUND, "index": number}).encode() for number in range(2)]
    say({"action": "detect", "id": "a", "image": PICTURE, "frames": "all", "every": 5, "classes": ["circle", 2]})
    [question] = endpoint.asked
    assert question.body == b"\xff\xd8 a picture"
    assert question.attributes == "frames=all;every=5;classes=circle,2"
    assert [(one["type"], one["id"]) for one in sent] == [("detections", "a")] * 2 + [("end", "a")]
    assert [one["answer"]["index"] for one in sent[:2]] == [0, 1]
    assert sent[2]["answers"] == 2


def test_addresses_and_lists_go_on_as_json(endpoint: Detector, sent: list[Any]) -> None:
    say({"action": "detect", "images": [{"image_url": "s3://pictures/a.jpg"}], "confidence": 0.5})
    assert json.loads(endpoint.asked[0].body) == {"images": [{"image_url": "s3://pictures/a.jpg"}]}
    assert endpoint.asked[0].content_type == "application/json"
    assert sent == [{"type": "end", "id": "Fn1dLe9CoAMCFqB=", "answers": 0}]


@pytest.mark.parametrize(
    ("message", "status", "code"),
    [
        ("no json", 400, "invalid_json"),
        ({"action": "sing"}, 400, "unknown_action"),
        ({"action": "detect"}, 400, "missing_image"),
        ({"action": "detect", "image": PICTURE, "image_url": "s3://a/b"}, 400, "missing_image"),
        ({"action": "detect", "image": "%"}, 400, "invalid_base64"),
        ({"action": "detect", "image": PICTURE, "id": "../../other"}, 400, "invalid_id"),
        ({"action": "detect", "image": PICTURE, "content_type": "a\nb"}, 400, "invalid_content_type"),
        ({"action": "detect", "image": PICTURE, "colour": "red"}, 400, "invalid_option"),
        ({"action": "detect", "id": "a", "part": 100, "data": PICTURE}, 400, "invalid_part"),
        ({"action": "detect", "part": 0, "data": PICTURE}, 400, "invalid_part"),
        ({"action": "detect", "id": "a", "part": 0, "data": PICTURE}, 501, "no_uploads"),
    ],
)
def test_what_cannot_be_asked_is_an_error_message(
    endpoint: Detector, sent: list[Any], message: Any, status: int, code: str
) -> None:
    say(message)
    [told] = sent
    assert (told["type"], told["status"], told["error"]["code"]) == ("error", status, code)
    assert not endpoint.asked


def test_an_error_carries_the_id_of_its_message(endpoint: Detector, sent: list[Any]) -> None:
    endpoint.fails = Problem(415, "not_an_image", "That is a text.")
    say({"action": "detect", "id": "b", "image": PICTURE})
    assert (sent[0]["id"], sent[0]["status"]) == ("b", 415)


def test_a_stream_that_fails_midway_ends_with_the_container_s_words(endpoint: Detector, sent: list[Any]) -> None:
    endpoint.lines = [b'{"index": 0}', b'{"error": {"code": "corrupt_image", "message": "It ends too early."}}']
    say({"action": "detect", "id": "a", "image": PICTURE})
    assert [one["type"] for one in sent] == ["detections", "error"]
    assert sent[1]["error"] == {"code": "corrupt_image", "message": "It ends too early."}


def test_a_picture_of_a_list_that_cannot_be_answered_is_an_answer(endpoint: Detector, sent: list[Any]) -> None:
    endpoint.lines = [b'{"index": 0, "error": {"code": "not_an_image", "message": "No."}}', b'{"index": 1}']
    say({"action": "detect", "id": "a", "image": PICTURE})
    assert [one["type"] for one in sent] == ["detections", "detections", "end"]


def test_time_that_runs_out_is_told(endpoint: Detector, sent: list[Any]) -> None:
    endpoint.lines = [b'{"index": 0}', b'{"index": 1}']
    say({"action": "detect", "id": "a", "image": PICTURE}, remaining=1500)
    assert [one["type"] for one in sent] == ["detections", "error"]
    assert "after 1 answers" in sent[1]["error"]["message"]


def test_nothing_more_is_asked_for_a_client_that_has_left(
    endpoint: Detector, monkeypatch: pytest.MonkeyPatch, logged: Any
) -> None:
    posted: list[str] = []

    def gone(_: Connection, text: str) -> None:
        posted.append(text)
        raise Gone

    monkeypatch.setattr(Connection, "_post", gone)
    endpoint.lines = [b'{"index": 0}', b'{"index": 1}']
    say({"action": "detect", "id": "a", "image": PICTURE})
    assert len(posted) == 1
    assert logged()[-1]["outcome"] == "gone"


def test_an_answer_that_is_larger_than_a_message_comes_in_pieces(endpoint: Detector, sent: list[Any]) -> None:
    """AWS: quotas of WebSocket APIs, 128 KB for a message."""
    answer = {"index": 0, "polygons": [[[round(n / 7, 2), n] for n in range(14_000)]]}
    endpoint.lines = [json.dumps(answer).encode()]
    say({"action": "detect", "id": "a", "image": PICTURE})
    *pieces, end = sent
    assert end["type"] == "end"
    assert all(len(json.dumps(piece)) <= LARGEST for piece in pieces)
    assert [piece["piece"] for piece in pieces] == list(range(len(pieces)))
    assert [piece["last"] for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert json.loads("".join(piece["text"] for piece in pieces))["answer"] == answer


def test_coming_and_going_need_no_detector(endpoint: Detector, logged: Any) -> None:
    for kind in ("CONNECT", "DISCONNECT"):
        assert handler(websocket(kind), Context()) == {"statusCode": 200}
    assert [line["route"] for line in logged()] == ["$connect", "$disconnect"]
    assert not endpoint.asked


def test_messages_go_to_the_api_of_the_connection_or_where_the_sdk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS: use @connections commands; AWS SDKs: service-specific endpoints."""
    context = websocket("MESSAGE", "")["requestContext"]
    monkeypatch.delenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", raising=False)
    assert Connection.of(context).url == "https://abcdef1234.execute-api.us-east-1.amazonaws.com/production"
    monkeypatch.setenv("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://cloud:4567/abcdef1234/production")
    assert Connection.of(context).url == "http://cloud:4567/abcdef1234/production"
