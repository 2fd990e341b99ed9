"""The HTTP side: which part of the cloud answers which request."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from infra.localcloud import ecr, logs, query, ssm
from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, LocalCloudError, NotSupported
from infra.localcloud.faults import Cut
from infra.localcloud.functions.invoke import INVOKE, invoke
from infra.localcloud.functions.pool import Pool
from infra.localcloud.limits import LIMITS
from infra.localcloud.moto_services import MORE_SERVICES, SERVICES
from infra.localcloud.sagemaker import endpoint_configs, endpoints, models, tags
from infra.localcloud.sagemaker.data_plane import DataPlane
from infra.localcloud.sagemaker.rollout import Rollouts
from infra.localcloud.sagemaker.streaming import Streamed
from infra.localcloud.validation import operations, validate
from infra.localcloud.wire import Request, Response, StartResponse, error_response, json_response

if TYPE_CHECKING:
    from infra.localcloud.fault_requests import CallFault

Operation = Callable[[Cloud, str, dict[str, Any]], dict[str, Any]]

SAGEMAKER: dict[str, Operation] = {
    "CreateModel": models.create_model,
    "DescribeModel": models.describe_model,
    "ListModels": models.list_models,
    "DeleteModel": models.delete_model,
    "CreateEndpointConfig": endpoint_configs.create_endpoint_config,
    "DescribeEndpointConfig": endpoint_configs.describe_endpoint_config,
    "ListEndpointConfigs": endpoint_configs.list_endpoint_configs,
    "DeleteEndpointConfig": endpoint_configs.delete_endpoint_config,
    "CreateEndpoint": endpoints.create_endpoint,
    "UpdateEndpoint": endpoints.update_endpoint,
    "UpdateEndpointWeightsAndCapacities": endpoints.update_endpoint_weights_and_capacities,
    "DescribeEndpoint": endpoints.describe_endpoint,
    "ListEndpoints": endpoints.list_endpoints,
    "DeleteEndpoint": endpoints.delete_endpoint,
    "AddTags": tags.add_tags,
    "ListTags": tags.list_tags,
    "DeleteTags": tags.delete_tags,
}
# CloudWatch: alarms and the metrics they name; what moto has beyond that is not needed and not checked.
_MONITORING = ("Alarm", "Dashboard", "Metric", "Tag")
_LOG = logging.getLogger(__name__)


class Application:
    """The WSGI application: this package for hosting and images, moto for the rest."""

    def __init__(self, cloud: Cloud, rollouts: Rollouts, data_plane: DataPlane, functions: Pool) -> None:
        self._cloud = cloud
        self._functions = functions
        self._rollouts = rollouts
        self._data_plane = data_plane

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; whatever goes wrong becomes an AWS error."""
        request = Request(environ)
        try:
            if fault := self._cloud.faults.meet(request):
                return self._stricken(fault, request, start_response)
            return self._answer(request, start_response)
        except Cut:
            raise
        except AwsError as error:
            return error_response(request, error).send(start_response)
        except LocalCloudError as error:
            return error_response(request, AwsError("InternalFailure", str(error), 500)).send(start_response)
        except Exception as error:
            _LOG.exception("%s %s %s failed", request.method, request.path, request.operation or "")
            failure = AwsError("InternalFailure", f"The local cloud failed: {error!r}. Its log has more.", 500)
            return error_response(request, failure).send(start_response)

    def _stricken(self, fault: CallFault, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        if not fault.done:
            self._cloud.faults.strike(fault, request)
            return self._answer(request, start_response)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = self._answer(request, lambda *given: started.append(given))
        self._cloud.faults.strike(fault, request)
        start_response(*started[-1])
        return body

    def _answer(self, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        if request.path.startswith("/_slipway/"):
            return self._own(request).send(start_response)
        if (told := self._invoked(request)) is not None:
            return told.send(start_response)
        if request.service == "ecr":
            return self._ecr(request, start_response)
        if request.service == "monitoring" and not any(word in (request.operation or "") for word in _MONITORING):
            raise NotSupported(f"CloudWatch's {request.operation}")
        if request.service == "apigateway" and not request.path.startswith("/v2/"):
            raise NotSupported("REST APIs of API Gateway; it has HTTP and WebSocket APIs")
        own = {
            "sagemaker": self._sagemaker,
            "logs": self._logs,
            "ssm": self._ssm,
            "cloudformation": self._cloudformation,
        }
        if request.service in own:
            return own[request.service](request).send(start_response)
        if request.service in SERVICES or request.service in MORE_SERVICES:
            return self._cloud.moto.call(request, start_response)
        raise NotSupported(f"the service {request.service}" if request.service else "unsigned requests")

    def _invoked(self, request: Request) -> Response | Streamed | None:
        """The answer of an endpoint or a function, None where something else is asked."""
        if request.service == "lambda" and (match := INVOKE.match(request.path)):
            return invoke(self._cloud, self._functions, request, match.group(1))
        return self._data_plane.answer(request)

    def _own(self, request: Request) -> Response:
        body: dict[str, Any]
        match request.path:
            case "/_slipway/health":
                body = {"status": "ready", "containers": self._cloud.fleets.running()}
            case "/_slipway/limits":
                body = {"limits": LIMITS}
            case "/_slipway/faults":
                body = self._faults(request)
            case _:
                raise AwsError("NotFound", f"There is no {request.path}.", 404)
        return Response(200, [("Content-Type", "application/json")], json.dumps(body).encode())

    def _faults(self, request: Request) -> dict[str, Any]:
        faults = self._cloud.faults
        match request.method:
            case "POST":
                faults.add(request.body)
            case "DELETE":
                faults.end()
                self._rollouts.wake()
            case "GET":
                pass
            case _:
                raise AwsError("MethodNotAllowed", f"{request.path} takes GET, POST and DELETE.", 405)
        return faults.told()

    def _sagemaker(self, request: Request) -> Response:
        operation = SAGEMAKER.get(request.operation or "")
        if operation is None or request.operation is None:
            raise NotSupported(f"SageMaker's {request.operation or request.path}")
        validate("sagemaker", request.operation, request.payload)
        answer = operation(self._cloud, request.region, request.payload)
        if not request.operation.startswith(("Describe", "List")):
            self._rollouts.wake()
        return json_response(answer)

    def _logs(self, request: Request) -> Response:
        operation = logs.OPERATIONS.get(request.operation or "")
        if operation is None or request.operation is None:
            raise NotSupported(f"CloudWatch Logs' {request.operation or request.path}")
        validate("logs", request.operation, request.payload)
        return json_response(operation(self._cloud, request.region, request.payload))

    def _ssm(self, request: Request) -> Response:
        operation = ssm.OPERATIONS.get(request.operation or "")
        if operation is None or request.operation is None:
            raise NotSupported(f"SSM's {request.operation or request.path}")
        validate("ssm", request.operation, request.payload)
        return json_response(operation(self._cloud, request.region, request.payload))

    def _cloudformation(self, request: Request) -> Response:
        name = request.operation or ""
        if name not in operations("cloudformation"):
            raise NotSupported(f"CloudFormation's {name or request.path}")
        # With the SDK that it makes resources by, which a cloud without stacks need not wait for at its start.
        from infra.localcloud.cloudformation.operations import carry_out  # noqa: PLC0415

        self._cloud.moto.wait()
        answer = carry_out(self._cloud, request.region, name, query.read("cloudformation", request))
        return query.write("cloudformation", request, answer)

    def _ecr(self, request: Request, start_response: StartResponse) -> Iterable[bytes]:
        name = request.operation or ""
        if name not in operations("ecr"):
            raise NotSupported(f"ECR's {name or request.path}")
        if operation := ecr.OPERATIONS.get(name):
            return json_response(operation(self._cloud, request.region, request.payload)).send(start_response)
        if name == "DeleteRepository":
            ecr.empty_repository(self._cloud, request.region, request.payload)
        elif name not in ecr.REPOSITORY_OPERATIONS:
            raise NotSupported(f"ECR's {name}")
        return self._cloud.moto.call(request, start_response)


class _Handler(WSGIRequestHandler):
    """Speaks HTTP/1.1, so that ``Expect: 100-continue`` works, and logs requests on debug level only."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        _LOG.debug("%s %s %s", self.command, self.path, code)


def make_http_server(application: Application, host: str, port: int) -> BaseWSGIServer:
    """Bind the port; raises LocalCloudError when it is taken."""
    try:
        return make_server(host, port, application, threaded=True, request_handler=_Handler)
    except (OSError, SystemExit) as error:
        raise LocalCloudError(f"Port {port} of {host} cannot be used: {error}. Choose another with --port.") from error
