"""Answers as JSON, the good ones and the errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response


def json_response(document: Mapping[str, Any]) -> Response:
    """A document as compact JSON."""
    return Response(json.dumps(document, separators=(",", ":")).encode(), media_type="application/json")


def error_response(status: int, code: str, sentence: str, headers: Mapping[str, str]) -> Response:
    """An error in the form that every error has."""
    response = json_response({"error": {"code": code, "message": sentence}})
    response.status_code = status
    response.headers.update(headers)
    return response
