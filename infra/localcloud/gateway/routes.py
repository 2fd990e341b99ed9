"""Which route a request takes.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html and
https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-routes.html
"""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from infra.localcloud.gateway.apis import DEFAULT, Api, Route


def of_request(api: Api, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The most specific route and its path variables: full matches first, then greedy ones, then ``$default``."""
    found = []
    for route in api.routes.values():
        wanted, _, pattern = route.key.partition(" ")
        if not pattern or wanted not in (method, "ANY"):
            continue
        if match := _compiled(pattern).fullmatch(path):
            variables = {name: unquote(value) for name, value in match.groupdict().items()}
            found.append((("+}" in pattern, len(variables), wanted == "ANY", -len(pattern)), route, variables))
    if found:
        _, route, variables = min(found, key=lambda one: one[0])
        return route, variables
    return (api.routes[DEFAULT], {}) if DEFAULT in api.routes else None


def of_message(api: Api, text: str) -> Route | None:
    """The route that the selection expression picks out of a message, such as ``$request.body.action``."""
    names = api.selection.removeprefix("${").removesuffix("}").removeprefix("$").split(".")
    try:
        value = json.loads(text)
        for name in names[2:]:
            value = value[name]
    except (ValueError, KeyError, TypeError):
        value = None
    route = api.routes.get(value) if isinstance(value, str) else None
    return route or api.routes.get(DEFAULT)


def _compiled(pattern: str) -> re.Pattern[str]:
    parts = []
    for part in re.split(r"(\{[A-Za-z0-9._-]+\+?\})", pattern):
        if part.startswith("{"):
            name = part.strip("{}+")
            parts.append(f"(?P<{name}>{'.+' if part.endswith('+}') else '[^/]+'})")
        else:
            parts.append(re.escape(part))
    return re.compile("".join(parts) + "/?")
