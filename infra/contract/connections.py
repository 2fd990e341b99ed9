"""Clauses about connections: how bodies may come, who may be slow, and what holds under full load."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from http.client import HTTPResponse

from infra.contract.clause import Contract, Findings, expect
from infra.contract.load import percentile, under_load
from infra.contract.sources import HOSTING, HTTP, SEMANTICS, SLIPWAY
from infra.contract.target import FAILURES, Reply, Target, detections_of, error_code, milliseconds

connections: Contract[Target] = Contract()


@connections.clause("chunked", "a body in chunks, without Content-Length, is read", HTTP)
def chunked(target: Target) -> Findings:
    """Sends the picture in pieces of 1,000 bytes."""
    pieces = [target.picture[begin : begin + 1000] for begin in range(0, len(target.picture), 1000)]
    expect(target.detections(iter(pieces)) == target.detections(), "In chunks the picture gives another answer.")
    return {"chunks": len(pieces)}


@connections.clause("keep-alive", "a connection is kept for further requests, also after an error", HTTP)
def keep_alive(target: Target) -> Findings:
    """Sends good and bad requests on one connection."""
    connection = target.connect()
    try:
        connection.connect()
        first = connection.sock
        for body in [target.picture, b"nothing"] * 5:
            target.send_on(connection, "POST", "/invocations", body)
            expect(connection.sock is first, "The server closed the connection after an answer.")
    finally:
        connection.close()
    return {"requests": 10}


@connections.clause("expect-continue", "a client that asks before it sends is told to go on", SEMANTICS)
def expect_continue(target: Target) -> Findings:
    """Sends the headers, waits for 100, then sends the picture."""
    with target.socket(timeout=5) as connection:
        start = time.perf_counter()
        connection.sendall(_head(target, len(target.picture), "Expect: 100-continue\r\n"))
        try:
            interim = connection.recv(1000)
        except TimeoutError:
            interim = b"nothing"
        expect(interim.startswith(b"HTTP/1.1 100"), f"The server said {interim[:40]!r}; wanted 100 Continue.")
        connection.settimeout(60)
        connection.sendall(target.picture)
        detections_of(_read(connection, start))
    return {}


@connections.clause("slow-sender", "slow senders are waited for and hold up nobody else", SLIPWAY)
def slow_sender(target: Target) -> Findings:
    """More clients than workers send their picture in pieces for a second, and others are answered meanwhile."""
    opened = [target.socket() for _ in range(4 * target.clients)]
    start = time.perf_counter()
    pieces = 5
    size = -(-len(target.picture) // pieces)
    slowest = 0.0
    try:
        for connection in opened:
            connection.sendall(_head(target, len(target.picture)))
        for begin in range(0, len(target.picture), size):
            for connection in opened:
                connection.sendall(target.picture[begin : begin + size])
            if begin + size < len(target.picture):
                slowest = max(slowest, target.ping().seconds)
                reply = target.invoke()
                expect(reply.status == 200, f"Beside slow senders the answer is {reply.status}; wanted 200.")
                time.sleep(1 / pieces)
        for connection in opened:
            detections_of(_read(connection, start))
    finally:
        for connection in opened:
            connection.close()
    expect(slowest <= 2, f"Beside slow senders GET /ping took {milliseconds(slowest)} ms; wanted at most 2,000.")
    return {"senders": len(opened)}


@connections.clause("refusal", "a body that is too large is refused before it has been sent", SLIPWAY)
def refusal(target: Target) -> Findings:
    """Announces a gigabyte and sends nothing of it; then sends without end until an answer comes."""
    with target.socket(timeout=5) as connection:
        start = time.perf_counter()
        connection.sendall(_head(target, 2**30))
        reply = _read(connection, start)
        expect(reply.status == 413, f"The announcement of a gigabyte is answered with {reply.status}; wanted 413.")
    piece, sent = b"10000\r\n" + bytes(0x10000) + b"\r\n", 0
    with target.socket(timeout=10) as connection:
        start = time.perf_counter()
        connection.sendall(_head(target, None))
        with contextlib.suppress(ConnectionError):
            while sent < 20 * target.max_body and not _readable(connection):
                connection.sendall(piece)
                sent += 0x10000
        expect(sent < 20 * target.max_body, f"After {sent} bytes of an endless body there is no answer; wanted 413.")
        reply = _read(connection, start)
        expect(reply.status == 413, f"An endless body is answered with {reply.status}; wanted 413.")
    target.expect_alive()
    return {"sent_before_413": sent}


@connections.clause("headers", "headers without end are refused", SLIPWAY)
def headers(target: Target) -> Findings:
    """Sends a megabyte of headers: in many lines, in one, and after a body in chunks."""
    get = f"GET /ping HTTP/1.1\r\nHost: {target.host}\r\nX-Long: ".encode()
    post = _head(target, None) + b"1\r\nx\r\n0\r\nX-Long: "
    value = b"x" * 1000
    statuses = []
    for begin, rest in ((get, (value + b"\r\nX-Long: ") * 1000), (get, value * 1000), (post, value * 1000)):
        with target.socket(timeout=5) as connection:
            start = time.perf_counter()
            with contextlib.suppress(ConnectionError):
                connection.sendall(begin + rest + b"\r\n\r\n")
            reply = _read(connection, start)
        closed = reply.status == 0 and reply.seconds < 5
        expect(closed or reply.status == 431, f"A megabyte of headers is answered with {reply.status}; wanted 431.")
        if not closed:
            error_code(reply)
        statuses.append("closed" if closed else str(reply.status))
    target.expect_alive()
    return {"answers": " ".join(statuses)}


@connections.clause("rudeness", "clients that leave, or speak no HTTP, do no harm", SLIPWAY)
def rudeness(target: Target) -> Findings:
    """Resets connections in the middle of requests, closes them before answers, sends noise."""
    for _ in range(20):
        with target.socket() as connection:
            connection.sendall(_head(target, len(target.picture)) + target.picture[:100])
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with target.socket() as connection:
            connection.sendall(_head(target, len(target.picture)) + target.picture)
        with target.socket() as connection, contextlib.suppress(ConnectionError):
            connection.sendall(b"\x16\x03\x01 this is not HTTP\r\n\r\n")
    target.expect_alive()
    return {"connections": 60}


@connections.clause("ping-under-load", "GET /ping answers 200 within 2 s while every worker is busy", HOSTING)
def ping_under_load(target: Target) -> Findings:
    """Pings on new connections while all clients send pictures."""
    pings: list[float] = []
    with under_load(target) as load:
        begin, before = time.perf_counter(), len(load.replies)
        while time.perf_counter() - begin < target.load_seconds:
            reply = target.ping()
            expect(reply.status == 200, f"Under load GET /ping answers {reply.status}; wanted 200.")
            pings.append(reply.seconds)
            time.sleep(0.01)
        rate = (len(load.replies) - before) / (time.perf_counter() - begin)
    slowest = max(pings)
    expect(slowest <= 2, f"Under load GET /ping took {milliseconds(slowest)} ms; wanted at most 2,000.")
    expect(not load.lost, f"{len(load.lost)} requests were not answered, the first: {load.lost[:1]}.")
    times = [reply.seconds for reply in load.replies]
    expect(max(times) <= 60, f"Under load an answer took {max(times):.1f} s; wanted at most 60.")
    expect(set(load.bad) <= {503}, f"Under load answers were {sorted(set(load.bad))}; wanted 200, or 503 when full.")
    return {
        "ping_p50_ms": milliseconds(percentile(pings, 0.5)),
        "ping_p99_ms": milliseconds(percentile(pings, 0.99)),
        "ping_max_ms": milliseconds(slowest),
        "goal_p99_5_ms": "met" if percentile(pings, 0.99) <= 0.005 else "missed",
        "p50_ms": milliseconds(percentile(times, 0.5)),
        "requests_per_s": round(rate, 1),
    }


@connections.clause("same-answer", "the same picture gives the same answer at any concurrency", SLIPWAY)
def same_answer(target: Target) -> Findings:
    """Compares what is found alone with what is found in company."""
    alone = target.detections()
    with under_load(target) as load:
        time.sleep(min(1.0, target.load_seconds))
    others = [found for found in load.detections() if found != alone]
    expect(not others, f"{len(others)} of {len(load.replies)} answers differ from the one given alone: {others[:1]}.")
    return {"answers": len(load.replies)}


def _head(target: Target, length: int | None, more: str = "") -> bytes:
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"POST /invocations HTTP/1.1\r\nHost: {target.host}\r\n{size}\r\n{more}\r\n".encode()


def _read(connection: socket.socket, start: float) -> Reply:
    response = HTTPResponse(connection, method="POST")
    try:
        response.begin()
        return Reply.read(response, start)
    except FAILURES as error:
        return Reply(0, {}, repr(error).encode(), time.perf_counter() - start)


def _readable(connection: socket.socket) -> bool:
    timeout = connection.gettimeout()
    connection.settimeout(0)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(timeout)
