"""The page at /: its files, as they lie beside this module."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

HERE = Path(__file__).parent
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
INDEX: Final = "index.html"
HEADERS: Final = {
    # Nothing from elsewhere is loaded, nothing is sent elsewhere, and no other page shows this one in a frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def wanted(request: Request) -> bool:
    """Whether a browser asks: programs such as curl take anything, and get JSON."""
    return "text/html" in request.headers.get("accept", "")


def index(request: Request) -> Response:
    """The page itself."""
    return _answer(request, INDEX)


def routes() -> list[Route]:
    """What the page loads: the files beside it, under /page/."""
    names = sorted(path.name for path in HERE.iterdir() if path.suffix in TYPES and path.name != INDEX)
    return [_route(name) for name in names]


def _route(name: str) -> Route:
    async def file(request: Request) -> Response:
        return _answer(request, name)

    return Route(f"/page/{name}", file)


def _answer(request: Request, name: str) -> Response:
    content, tag = _read(name)
    headers = {**HEADERS, "ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)


@cache
def _read(name: str) -> tuple[bytes, str]:
    """Content and its ETag: a hash, because in the image all files have the same time."""
    content = (HERE / name).read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
