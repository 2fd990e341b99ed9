"""What answers until a backend is released: `dagger call stacks deploy` makes the function, a release fills it."""

import json
from typing import Any

_SAID = "The backend has not been deployed here yet; whoever runs it has to release it."


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """503, as the backend itself tells what is wrong."""
    body = {"error": {"code": "not_deployed", "message": _SAID}}
    return {"statusCode": 503, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
