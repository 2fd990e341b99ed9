"""The function behind the HTTP API: ``POST /detect``, ``GET /health``, ``GET /release``."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from backend import detector, reply
from backend.detector import Question
from backend.event import Request
from backend.failures import logged
from backend.logs import log
from backend.options import attributes
from backend.probe import probe
from backend.problem import Problem


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lambda's entry: one event of an HTTP API, one reply; errors are replies too."""
    started = time.monotonic()
    request: Request | None = None
    try:
        request = Request.of(event)
        answer = _route(request)(request, context)
    except Exception as error:
        problem = logged(error, context.aws_request_id)
        allowed = {"allow": _allowed(request)} if problem.status == 405 and request else {}
        answer = reply.of_problem(problem, **allowed)
    log(
        "answered",
        request_id=request.id if request else None,
        lambda_request_id=context.aws_request_id,
        route=f"{request.method} {request.path}" if request and request.path in _PATHS else None,
        status=answer["statusCode"],
        bytes_in=len(request.body) if request else None,
        milliseconds=round((time.monotonic() - started) * 1000),
    )
    return answer


def _detect(request: Request, _context: Any) -> dict[str, Any]:
    if not request.body:
        raise Problem(400, "empty_body", "The body is empty; send a picture, or JSON with image or image_url.")
    question = Question(
        body=request.body,
        content_type=request.headers.get("content-type") or "application/octet-stream",
        attributes=attributes(request.query),
        accept=request.headers.get("accept", ""),
        inference_id=request.id,
    )
    return reply.of_answer(detector.ask(question))


def _health(request: Request, context: Any) -> dict[str, Any]:
    seen = probe(request.id)
    return reply.of_json({"status": "ok", "build": seen.build, "is_mock": seen.is_mock, "backend": _version(context)})


def _release(request: Request, context: Any) -> dict[str, Any]:
    return reply.of_json({"digest": detector.image(), **asdict(probe(request.id)), "backend": _version(context)})


def _version(context: Any) -> str:
    return str(context.function_version)


_ROUTES: dict[tuple[str, str], Callable[[Request, Any], dict[str, Any]]] = {
    ("POST", "/detect"): _detect,
    ("GET", "/health"): _health,
    ("GET", "/release"): _release,
}
_PATHS = {path for _, path in _ROUTES}


def _allowed(request: Request) -> str:
    return ", ".join(method for method, path in _ROUTES if path == request.path)


def _route(request: Request) -> Callable[[Request, Any], dict[str, Any]]:
    found = _ROUTES.get((request.method, request.path))
    if found is None and request.path in _PATHS:
        raise Problem(405, "wrong_method", f"{request.path} is asked by {_allowed(request)}, not by {request.method}.")
    if found is None:
        known = ", ".join(f"{method} {path}" for method, path in _ROUTES)
        raise Problem(404, "not_found", f"There is no {request.path[:80]}; there are {known}.")
    return found
