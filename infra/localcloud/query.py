"""AWS's query protocol: requests are forms, answers are XML, both as botocore describes the operation."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from infra.localcloud.validation import service_model
from infra.localcloud.wire import Request, Response


@cache
def _model(service: str) -> Any:
    from moto.core.model import ServiceModel  # noqa: PLC0415 (moto is imported in the background)

    return ServiceModel(service_model(service), service)


def read(service: str, request: Request) -> dict[str, Any]:
    """The parameters of a request, with their types."""
    from moto.core.parse import QueryParser  # noqa: PLC0415

    operation = _model(service).operation_model(request.operation)
    form: Any = MultiDict(dict(parse_qsl(request.body.decode(), keep_blank_values=True)))
    parsed: dict[str, Any] = QueryParser(operation).parse({"values": form})
    return parsed


def write(service: str, request: Request, answer: dict[str, Any]) -> Response:
    """An answer; times are seconds since 1970 and become dates, what is None is left out."""
    from moto.core.serialize import QuerySerializer  # noqa: PLC0415

    operation = _model(service).operation_model(request.operation)
    told = QuerySerializer(operation).serialize(_dated(operation.output_shape, answer))
    return Response(200, [("Content-Type", "text/xml")], str(told["body"]).encode())


def _dated(shape: Any, value: Any) -> Any:
    if shape is None or value is None:
        return value
    match shape.type_name:
        case "structure":
            members = {key: one for key, one in value.items() if key in shape.members and one is not None}
            return {key: _dated(shape.members[key], one) for key, one in members.items()}
        case "list":
            return [_dated(shape.member, one) for one in value]
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
    return value
