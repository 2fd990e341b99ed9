"""The filters, order and pages that all of SageMaker's List operations share."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from infra.localcloud.errors import ValidationException

_PAGE = 10  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListEndpoints.html: default of MaxResults
_TIMES = {
    "CreationTimeAfter": ("CreationTime", 1),
    "CreationTimeBefore": ("CreationTime", -1),
    "LastModifiedTimeAfter": ("LastModifiedTime", 1),
    "LastModifiedTimeBefore": ("LastModifiedTime", -1),
}


def list_page(key: str, items: list[dict[str, Any]], name_key: str, request: dict[str, Any]) -> dict[str, Any]:
    """One page of ``items`` under ``key``, as the request filters and orders them."""
    wanted = request.get("NameContains", "")
    found = [item for item in items if wanted in item[name_key]]
    if status := request.get("StatusEquals"):
        found = [item for item in found if item["EndpointStatus"] == status]
    for parameter, (member, sign) in _TIMES.items():
        if parameter in request:
            found = [item for item in found if sign * (item[member] - request[parameter]) > 0]
    order = {"Name": name_key, "Status": "EndpointStatus"}.get(request.get("SortBy", ""), "CreationTime")
    found.sort(key=lambda item: item[order], reverse=request.get("SortOrder", "Descending") == "Descending")
    start = _read_token(request.get("NextToken"))
    end = start + int(request.get("MaxResults", _PAGE))
    page: dict[str, Any] = {key: found[start:end]}
    if end < len(found):
        page["NextToken"] = base64.b64encode(str(end).encode()).decode()
    return page


def _read_token(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (ValueError, binascii.Error) as error:
        raise ValidationException(f"Invalid pagination token {token!r}.") from error
