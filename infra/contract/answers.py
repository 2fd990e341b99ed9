"""Clauses about answers: the good ones, and the ones to bad input."""

from __future__ import annotations

import base64
import json
import re
import struct
import time
import zlib

from infra.contract.clause import Contract, Findings, expect
from infra.contract.load import wait_for_ping
from infra.contract.sources import HOSTING, INVOKE, QUOTAS, SLIPWAY
from infra.contract.target import Target, detections_in, detections_of, error_code, milliseconds

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

answers: Contract[Target] = Contract()


@answers.clause("start", "GET /ping is 200 within 8 minutes of the start", HOSTING)
def start(target: Target) -> Findings:
    """Waits for the first good /ping."""
    seconds = wait_for_ping(target)
    expect(seconds < target.start_seconds, f"GET /ping was not 200 within {target.start_seconds:g} s.")
    return {"seconds": round(seconds, 2)}


@answers.clause("connect", "connections are accepted within 250 ms", HOSTING)
def connect(target: Target) -> Findings:
    """Connects thirty times, keeping all connections open."""
    slowest, opened = 0.0, []
    try:
        for _ in range(30):
            begin = time.perf_counter()
            opened.append(target.socket(timeout=2))
            slowest = max(slowest, time.perf_counter() - begin)
    finally:
        for connection in opened:
            connection.close()
    expect(slowest <= 0.25, f"A connection took {milliseconds(slowest)} ms; wanted at most 250.")
    return {"slowest_ms": milliseconds(slowest)}


@answers.clause("ping", "GET /ping answers 200 within 2 s", HOSTING)
def ping(target: Target) -> Findings:
    """Asks once, in peace."""
    reply = target.ping()
    expect(reply.status == 200, f"GET /ping answers {reply.status}; wanted 200.")
    expect(reply.seconds <= 2, f"GET /ping took {milliseconds(reply.seconds)} ms; wanted at most 2,000.")
    return {"ms": milliseconds(reply.seconds)}


@answers.clause("invocation", "POST /invocations answers a picture with 200 and JSON within 60 s", HOSTING)
def invocation(target: Target) -> Findings:
    """Sends the picture and reads the answer's every field."""
    reply = target.invoke()
    found = detections_of(reply)
    expect(reply.seconds <= 60, f"The answer took {reply.seconds:.1f} s; wanted at most 60.")
    kind = reply.headers.get("content-type", "")
    expect(kind.startswith("application/json"), f"The answer's Content-Type is {kind!r}; wanted application/json.")
    image = reply.json().get("image", {})
    width, height = image.get("width", 0), image.get("height", 0)
    expect(width > 0 and height > 0, f"The answer's image is {image!r}; wanted its width and height in pixels.")
    classifies = reply.json().get("task") == "classify"
    for one in found:
        expect(0 <= one["score"] <= 1, f"The score of {one!r} is not from 0 to 1.")
        left, top, right, bottom = (0, 0, width, height) if classifies else one["box"]
        inside = 0 <= left <= right <= width and 0 <= top <= bottom <= height
        expect(inside, f"The detection {one!r} is not inside the picture of {width} x {height}.")
        expect(
            isinstance(one["label"], str) and isinstance(one["class_id"], int), f"{one!r} has no label and class_id."
        )
    return {"ms": milliseconds(reply.seconds), "detections": len(found)}


@answers.clause("identity", "every answer names the build and the model, also where InvokeEndpoint shows it", SLIPWAY)
def identity(target: Target) -> Findings:
    """Compares the body, the header that InvokeEndpoint hands on, and GET /info."""
    reply, info = target.invoke(), target.send("GET", "/info").json()
    answer = reply.json()
    build, digest, is_mock = answer.get("build"), answer.get("model", {}).get("digest", ""), answer.get("is_mock")
    expect(bool(build) and isinstance(build, str), f"The answer's build is {build!r}; wanted a text.")
    expect(
        bool(re.fullmatch(r"sha256:[0-9a-f]{64}", digest)), f"The model's digest is {digest!r}; wanted sha256:<hex>."
    )
    expect(isinstance(is_mock, bool), f"The answer's is_mock is {is_mock!r}; wanted true or false.")
    wanted = f"build={build};is_mock={json.dumps(is_mock)}"
    header = reply.headers.get(ATTRIBUTES)
    expect(header == wanted, f"The header {ATTRIBUTES} is {header!r}; wanted {wanted!r}.")
    same = (info.get("build"), info.get("model", {}).get("digest"), info.get("is_mock")) == (build, digest, is_mock)
    expect(same, f"GET /info says {info!r}, and an answer says build {build}, model {digest}, is_mock {is_mock}.")
    error_header = target.invoke(b"nothing").headers.get(ATTRIBUTES)
    expect(error_header == wanted, f"An error's header {ATTRIBUTES} is {error_header!r}; wanted {wanted!r}.")
    return {"build": str(build)[:24], "is_mock": str(is_mock)}


@answers.clause("content-types", "a picture is known by its bytes, whatever its Content-Type", INVOKE)
def content_types(target: Target) -> Findings:
    """Sends the same picture under several names, and as base64 in JSON."""
    wanted = target.detections()
    kinds = ("application/octet-stream", "application/x-image", "image/*", "")
    for kind in kinds:
        expect(target.detections(Content_Type=kind) == wanted, f"As {kind!r} the picture gives another answer.")
    document = json.dumps({"image": base64.b64encode(target.picture).decode()})
    found = target.detections(document, Content_Type="application/json")
    expect(found == wanted, "As base64 in JSON the picture gives another answer.")
    return {"kinds": len(kinds) + 1}


@answers.clause("several-pictures", "one wrong picture of several does not keep the others from their answers", SLIPWAY)
def several_pictures(target: Target) -> Findings:
    """Sends a list of a good picture and half of one, in JSON, and asks for it as JSON and as lines."""
    wanted = target.detections()
    pictures = [target.picture, target.picture[: len(target.picture) // 2]]
    document = json.dumps({"images": [{"image": base64.b64encode(one).decode()} for one in pictures]})
    for accept in ("application/json", "application/jsonlines"):
        reply = target.invoke(document, Content_Type="application/json", Accept=accept)
        expect(reply.status == 200, f"A list is answered with {reply.status}; wanted 200.")
        kind = reply.headers.get("content-type", "")
        expect(kind.startswith(accept), f"The answer's Content-Type is {kind!r}; wanted {accept}.")
        is_lines = accept.endswith("lines")
        results = [json.loads(line) for line in reply.body.splitlines()] if is_lines else reply.json().get("results")
        expect(isinstance(results, list) and len(results) == 2, f"The answer to two pictures is {reply.body[:80]!r}.")
        good, bad = results or [{}, {}]
        expect(detections_in(good) == wanted, f"In a list, as {accept}, the picture gives another answer.")
        expect("error" in bad and "detections" not in bad, f"Half a picture in a list is answered with {bad!r}.")
    return {"pictures": len(pictures)}


@answers.clause("accept", "Accept chooses the form of the answer, or is refused with 406", SLIPWAY)
def accept(target: Target) -> Findings:
    """Asks for drawn pictures, and for what nobody has."""
    magic = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG"}
    for kind, first in magic.items():
        reply = target.invoke(Accept=kind)
        found = (reply.status, reply.headers.get("content-type"), reply.body.startswith(first))
        expect(found == (200, kind, True), f"Asked for {kind}, the answer is {reply.status} {reply.body[:20]!r}.")
    reply = target.invoke(Accept="application/x-unknown")
    expect(reply.status == 406, f"Asked for what nobody has, the answer is {reply.status}; wanted 406.")
    error_code(reply)
    return {"forms": len(magic) + 1}


@answers.clause("unknown-headers", "headers that mean nothing to the container are ignored", HOSTING)
def unknown_headers(target: Target) -> Findings:
    """Sends headers as SageMaker, proxies and customers add them."""
    wanted = target.detections()
    found = target.detections(
        X_Amzn_SageMaker_Custom_Attributes="trace=4711; anything at all",
        X_Amzn_SageMaker_Target_Variant="blue",
        X_Amzn_SageMaker_Inference_Id="an id with spaces",
        X_Amzn_Trace_Id="Root=1-67891233-abcdef012345678912345678",
        X_Forwarded_For="203.0.113.7",
        Accept="application/x-unknown, application/json",
        Cookie="a=b",
        X_Long="x" * 4000,
    )
    expect(found == wanted, "With unknown headers the picture gives another answer.")
    return {"headers": 8}


def _png(width: int, height: int) -> bytes:
    """Black and white, one bit a pixel."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes((width // 8 + 1) * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@answers.clause("bad-input", "bad input is answered with 4xx, a code and a sentence, never with 5xx", SLIPWAY)
def bad_input(target: Target) -> Findings:
    """Sends what no picture is."""
    bodies: dict[str, tuple[bytes, str]] = {
        "no body": (b"", "image/jpeg"),
        "text": (b"this is not a picture", "image/jpeg"),
        "zeros": (bytes(1000), "application/octet-stream"),
        "half a picture": (target.picture[: len(target.picture) // 2], "image/jpeg"),
        "broken JSON": (b'{"image": ', "application/json"),
        "JSON that is no object": (b"[]", "application/json"),
        "JSON without a picture": (b"{}", "application/json"),
        "no base64": (b'{"image": "?"}', "application/json"),
        "a wrong option": (b'{"image": "AAAA", "confidence": 2}', "application/json"),
        "an address inside the cloud": (
            b'{"image_url": "http://169.254.169.254/latest/meta-data/"}',
            "application/json",
        ),
        "an address of a file": (b'{"image_url": "file:///etc/passwd"}', "application/json"),
    }
    for name, (body, kind) in bodies.items():
        reply = target.invoke(body, Content_Type=kind)
        expect(400 <= reply.status < 500, f"The answer to {name} is {reply.status}; wanted 4xx.")
        error_code(reply)
    target.expect_alive()
    return {"bodies": len(bodies)}


@answers.clause("bomb", "a small file of 100 million pixels is refused before it is decoded", SLIPWAY)
def bomb(target: Target) -> Findings:
    """Sends a PNG of 10,000 x 10,000 black pixels: 12 kB."""
    reply = target.invoke(_png(10_000, 10_000), Content_Type="image/png")
    expect(reply.status == 413, f"The answer is {reply.status}; wanted 413.")
    error_code(reply)
    expect(reply.seconds < 1, f"The answer took {milliseconds(reply.seconds)} ms: the picture was decoded.")
    return {"ms": milliseconds(reply.seconds)}


@answers.clause("payload", "a body of the largest size is read, a larger one is answered with 413", QUOTAS)
def payload(target: Target) -> Findings:
    """Fills the picture up to the limit with bytes after its end, then one byte more."""
    filled = target.picture + bytes(target.max_body - len(target.picture))
    expect(target.detections(filled) == target.detections(), "Bytes after the picture's end change the answer.")
    for name, body in (("with a length", filled + b"\0"), ("in chunks", iter([filled, b"\0"]))):
        reply = target.invoke(body)
        expect(reply.status == 413, f"A body {name} of one byte too many is answered with {reply.status}; wanted 413.")
        error_code(reply)
    target.expect_alive()
    return {"bytes": target.max_body}


@answers.clause("paths", "other paths and methods are answered with 404 and 405", SLIPWAY)
def paths(target: Target) -> Findings:
    """Asks for what is not there."""
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/invocations", 405), ("POST", "/ping", 405)):
        reply = target.send(method, path)
        expect(reply.status == status, f"{method} {path} is answered with {reply.status}; wanted {status}.")
    return {}
