"""The HTTP endpoints: what SageMaker asks for, /info, /metrics, and at / a page for people or a word for programs."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from inference import page
from inference.errors import Draining, RequestError
from inference.invocations import Invocations
from inference.responses import error_response, json_response
from inference.service import Phase, Service


def build_app(service: Service) -> Starlette:
    """The application around a service."""

    async def ping(_: Request) -> Response:
        if service.phase is Phase.DRAINING:
            raise Draining("The server was told to stop. Send requests to another one.")
        service.loaded()
        return Response(status_code=200)

    async def info(_: Request) -> Response:
        return json_response(service.info())

    async def metrics(request: Request) -> Response:
        return service.metrics.respond(request)

    async def welcome(request: Request) -> Response:
        if service.settings.page and page.wanted(request):
            response = page.index(request)
        else:
            response = json_response(_welcome(service.build))
        response.headers["Vary"] = "Accept"
        return response

    def request_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestError)  # noqa: S101 - registered for this class below
        return error_response(error.status, error.code, str(error), error.headers)

    def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class below
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
        sentence = f"{request.method} {request.url.path[:100]} is not served. GET / lists what is."
        return error_response(error.status_code, code, sentence, error.headers or {})

    app = Starlette(
        routes=[
            Route("/", welcome),
            Route("/ping", ping),
            Route("/info", info),
            Route("/metrics", metrics),
            Route("/invocations", Invocations(service), methods=["POST"]),
            *(page.routes() if service.settings.page else []),
        ],
        exception_handlers={RequestError: request_error, HTTPException: http_error},
    )
    app.router.redirect_slashes = False
    return app


def _welcome(build: str) -> dict[str, str]:
    return {
        "what": "Slipway inference: finds objects in pictures",
        "build": build,
        "GET /": "a page to try it with, for browsers",
        "GET /ping": "200 once the model is loaded and warm",
        "GET /info": "model, build and runtime",
        "GET /metrics": "figures for Prometheus",
        "POST /invocations": "pictures: as the body, in a form, as a array or in JSON (image, image_url, images)",
    }
