"""The function behind the HTTP API, given the events that API Gateway sends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from backend import detector
from backend.detector import Answer
from backend.http import handler
from tests.unit.backend.conftest import FOUND, Detector
from tests.unit.backend.events import Context, http

PICTURE = b"\xff\xd8 a picture"


def ask(*words: Any, **more: Any) -> dict[str, Any]:
    return handler(http(*words, **more), Context())


def detect(**more: Any) -> dict[str, Any]:
    return ask("POST", "/detect", base64.b64encode(PICTURE).decode(), encoded=True, **more)


def error(reply: dict[str, Any]) -> tuple[int, str]:
    told = json.loads(reply["body"])["error"]
    assert told["message"].endswith(".")
    return reply["statusCode"], told["code"]


def failure(code: str, status: int, **more: Any) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": "slipway-dev of account 123"},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
        | more,  # type: ignore[arg-type]
        "InvokeEndpoint",
    )


def test_a_picture_goes_to_the_detector_as_it_is(endpoint: Detector) -> None:
    reply = detect(query={"confidence": "0.5", "classes": "circle,square"}, content_type="image/jpeg", accept="*/*")
    [question] = endpoint.asked
    assert (question.body, question.content_type, question.accept) == (PICTURE, "image/jpeg", "*/*")
    assert question.attributes == "confidence=0.5;classes=circle,square"
    assert question.inference_id == "JKJaXmPLvHcESHA="
    assert reply["statusCode"] == 200
    assert json.loads(reply["body"]) == FOUND
    assert reply["headers"]["x-amzn-sagemaker-custom-attributes"] == "build=b4e21d68;is_mock=false"
    assert reply["isBase64Encoded"] is False


def test_json_with_an_address_goes_on(endpoint: Detector) -> None:
    ask("POST", "/detect", '{"image_url": "s3://pictures/a.jpg"}', content_type="application/json")
    assert endpoint.asked[0].body == b'{"image_url": "s3://pictures/a.jpg"}'
    assert endpoint.asked[0].content_type == "application/json"


def test_a_drawn_picture_comes_back_as_base64(endpoint: Detector) -> None:
    endpoint.answer = Answer(bytes(range(256)), "image/png", "")
    reply = detect(accept="image/png")
    assert reply["isBase64Encoded"] is True
    assert base64.b64decode(reply["body"]) == bytes(range(256))
    assert reply["headers"]["content-type"] == "image/png"


def test_lines_come_back_as_text(endpoint: Detector) -> None:
    endpoint.answer = Answer(b'{"index": 0}\n{"index": 1}\n', "application/jsonlines", "")
    assert detect(accept="application/jsonlines")["body"].splitlines() == ['{"index": 0}', '{"index": 1}']


def test_what_is_larger_than_lambda_hands_on_is_refused_with_what_to_do(endpoint: Detector) -> None:
    """AWS Lambda developer guide: quotas, 6 MB for a synchronous invocation."""
    endpoint.answer = Answer(b"x" * 4_800_000, "image/png", "")
    reply = detect(accept="image/png")
    assert error(reply) == (406, "answer_too_large")
    assert "image/jpeg" in reply["body"]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (http("POST", "/detect"), (400, "empty_body")),
        (http("POST", "/detect", "%%%", encoded=True), (400, "invalid_base64")),
        (http("POST", "/detect", "x", query={"confidense": "1"}), (400, "invalid_option")),
        (http("POST", "/detect", "x", query={"classes": "a;masks=none"}), (400, "invalid_option")),
        (http("POST", "/detect", "x", query={"classes": "a" * 2000}), (400, "invalid_option")),
        (http("GET", "/detect"), (405, "wrong_method")),
        (http("GET", "/nothing"), (404, "not_found")),
        ({"version": "1.0", "httpMethod": "GET", "path": "/health", "requestContext": {}}, (500, "misconfigured")),
    ],
)
def test_what_cannot_be_asked_is_refused_before_the_detector(
    endpoint: Detector, event: dict[str, Any], expected: tuple[int, str]
) -> None:
    reply = handler(event, Context())
    assert error(reply) == expected
    assert not endpoint.asked
    if reply["statusCode"] == 405:
        assert reply["headers"]["allow"] == "POST"


@pytest.mark.parametrize(
    ("fails", "expected", "retry_after"),
    [
        (
            failure(
                "ModelError",
                424,
                OriginalStatusCode=415,
                OriginalMessage='{"error": {"code": "not_an_image", "message": "That is a text."}}',
            ),
            (415, "not_an_image"),
            None,
        ),
        (
            failure(
                "ModelError",
                424,
                OriginalStatusCode=503,
                OriginalMessage='{"error": {"code": "overloaded", "message": "Come back later."}}',
            ),
            (503, "overloaded"),
            "1",
        ),
        (failure("ModelError", 424, OriginalStatusCode=500, OriginalMessage="<html>"), (500, "detector_failed"), None),
        (failure("ModelError", 424, OriginalStatusCode=0, OriginalMessage="broken"), (502, "detector_failed"), "2"),
        (failure("ModelError", 424, OriginalStatusCode=0, OriginalMessage="it timed out"), (504, "too_slow"), None),
        (failure("ThrottlingException", 400), (429, "throttled"), "1"),
        (failure("ServiceUnavailable", 503), (503, "unavailable"), "5"),
        (failure("ModelNotReadyException", 429), (503, "unavailable"), "5"),
        (failure("ValidationError", 400), (503, "unavailable"), "30"),
        (failure("413", 413), (413, "body_too_large"), None),
        (failure("InternalFailure", 500), (502, "unavailable"), "2"),
        (failure("AccessDeniedException", 403), (500, "misconfigured"), None),
        (ReadTimeoutError(endpoint_url="https://runtime.sagemaker"), (504, "too_slow"), None),
        (RuntimeError("slipway-dev"), (500, "internal"), None),
    ],
)
def test_failures_are_sentences_that_keep_names_inside(
    endpoint: Detector, fails: Exception, expected: tuple[int, str], retry_after: str | None, logged: Any
) -> None:
    endpoint.fails = fails
    reply = detect()
    assert error(reply) == expected
    assert reply["headers"].get("retry-after") == retry_after
    assert "slipway-dev" not in reply["body"]
    assert "123" not in reply["body"]
    causes = [line for line in logged() if line["message"] != "answered"]
    assert causes[0]["lambda_request_id"] == Context().aws_request_id


def test_health_asks_the_detector_for_an_answer(endpoint: Detector) -> None:
    reply = ask("GET", "/health")
    assert json.loads(reply["body"]) == {"status": "ok", "build": "b4e21d68", "is_mock": False, "backend": "7"}
    assert endpoint.asked[0].body.startswith(b"\x89PNG")
    endpoint.answer = Answer(b'{"predictions": []}', "application/json", "")
    assert error(ask("GET", "/health")) == (502, "detector_failed")


def test_release_says_which_digest_and_build_answer(endpoint: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detector, "image", lambda: "sha256:e583")
    told = json.loads(ask("GET", "/release", stage="v1")["body"])
    assert told == {
        "digest": "sha256:e583",
        "build": "b4e21d68",
        "model": FOUND["model"],
        "is_mock": False,
        "backend": "7",
    }


def test_a_request_is_one_line_with_its_ids_and_nothing_of_its_body(
    endpoint: Detector, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5e6722a7-cc56xmpl;Sampled=1")
    detect(query={"confidence": "0.5"}, authorization="secret")
    [line] = logged()
    assert line["request_id"] == "JKJaXmPLvHcESHA="
    assert line["lambda_request_id"] == Context().aws_request_id
    assert line["trace"] == "Root=1-5e6722a7-cc56xmpl;Sampled=1"
    assert (line["route"], line["status"], line["bytes_in"]) == ("POST /detect", 200, len(PICTURE))
    assert "secret" not in json.dumps(line)
    assert endpoint.asked


def test_a_backend_without_its_endpoint_says_so(endpoint: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.settings import settings

    monkeypatch.delenv("ENDPOINT_NAME")
    monkeypatch.setattr("backend.detector.ask", lambda _: settings())
    assert error(detect()) == (500, "misconfigured")
    assert not endpoint.asked
