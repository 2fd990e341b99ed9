"""What answers until a backend is released: no connection is taken."""

from typing import Any


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """503, which refuses $connect."""
    return {"statusCode": 503}
