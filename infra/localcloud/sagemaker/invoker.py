"""From an endpoint's name to its container and back: which variant answers, what is sent, and what can go wrong."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import urllib3

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import AwsError, LocalCloudError
from infra.localcloud.sagemaker.fleets import FleetRetired, Stopping
from infra.localcloud.sagemaker.records import Endpoint, Fleet, Variant

_ANSWERS = {"InService", "Updating", "RollingBack"}
_ATTEMPTS = 3


class ModelError(AwsError):
    """The container answered with an error, broke off or took too long."""

    def __init__(self, cloud: Cloud, endpoint: Endpoint, status: int, message: str, text: str) -> None:
        stream = cloud.arn(
            endpoint.region, f"log-group:/aws/sagemaker/Endpoints/{endpoint.name}:log-stream:local", service="logs"
        )
        super().__init__(
            "ModelError", text, 424, OriginalStatusCode=status, OriginalMessage=message, LogStreamArn=stream
        )


@dataclass(frozen=True)
class Answer:
    """What a container answered, and as which part of which endpoint."""

    endpoint: Endpoint
    fleet: Fleet
    variant: Variant
    headers: urllib3.HTTPHeaderDict
    body: bytes


@dataclass(frozen=True)
class Opened:
    """The same, with a body that is still to be read."""

    endpoint: Endpoint
    fleet: Fleet
    variant: Variant
    response: urllib3.BaseHTTPResponse


class Invoker:
    """Asks the containers of endpoints."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._http = urllib3.PoolManager(num_pools=50, maxsize=64, retries=False)
        self._lock = threading.Lock()
        self._busy: Counter[str] = Counter()

    def endpoint(self, region: str, name: str) -> Endpoint:
        """An endpoint that takes requests, or InvokeEndpoint's error."""
        account = self._cloud.settings.account
        with self._cloud.state.read() as transaction:
            body = transaction.get("endpoint", region, name)
        if body is None:
            raise AwsError("ValidationError", f"Endpoint {name} of account {account} not found.")
        endpoint = Endpoint.from_json(body)
        if endpoint.status not in _ANSWERS:
            raise AwsError(
                "ValidationError",
                f"Endpoint {name} of account {account} is not in service: its status is {endpoint.status}.",
            )
        return endpoint

    def ask(
        self,
        endpoint: Endpoint,
        choose: Callable[[Endpoint], tuple[Fleet, Variant]],
        headers: dict[str, str],
        body: bytes,
        timeout_s: float,
    ) -> Answer:
        """Have a variant answer, of the fleets that the endpoint has by then; `timeout_s` is wall seconds.

        Raises ModelError with AWS's texts, ThrottlingException, or ServiceUnavailable.
        """
        with ExitStack() as held:
            answer = self.open(endpoint, choose, headers, body, timeout_s, held)
            read = self._read(answer.endpoint, answer.response)
        return Answer(answer.endpoint, answer.fleet, answer.variant, answer.response.headers, read)

    def open(
        self,
        endpoint: Endpoint,
        choose: Callable[[Endpoint], tuple[Fleet, Variant]],
        headers: dict[str, str],
        body: bytes,
        timeout_s: float,
        held: ExitStack,
    ) -> Opened:
        """The same, before the answer's body has come; the container is kept until `held` is closed."""
        for _ in range(_ATTEMPTS):
            fleet, variant = choose(endpoint)
            url = ""
            with ExitStack() as lease:
                try:
                    lease.enter_context(self._admitted(fleet, variant))
                    url = lease.enter_context(self._cloud.fleets.lease(fleet, variant))
                    response = self._forward(endpoint, url, headers, body, timeout_s)
                except (FleetRetired, Stopping):
                    pass
                except LocalCloudError as error:
                    raise ModelError(self._cloud, endpoint, 0, str(error), str(error)) from error
                except urllib3.exceptions.NewConnectionError:
                    self._cloud.fleets.discard_dead(fleet, variant, url)
                else:
                    self._refuse(endpoint, response)
                    held.push(lease.pop_all())
                    return Opened(endpoint, fleet, variant, response)
            endpoint = self.endpoint(endpoint.region, endpoint.name)
        raise AwsError(
            "ServiceUnavailable", f"The fleet of endpoint {endpoint.name} is being replaced; try again.", 503
        )

    @contextmanager
    def _admitted(self, fleet: Fleet, variant: Variant) -> Iterator[None]:
        """Count a request in; a serverless variant takes MaxConcurrency of them at a time."""
        key = fleet.container(variant)
        with self._lock:
            if variant.serverless and self._busy[key] >= variant.serverless["MaxConcurrency"]:
                # https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html
                raise AwsError("ThrottlingException", "The request was denied due to request throttling.")
            self._busy[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[key] -= 1

    def _forward(
        self, endpoint: Endpoint, url: str, headers: dict[str, str], body: bytes, timeout_s: float
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                "POST",
                f"{url}/invocations",
                body=body,
                headers={"Content-Type": "application/octet-stream", **headers},
                timeout=urllib3.Timeout(total=timeout_s),
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.NewConnectionError:
            raise
        except urllib3.exceptions.HTTPError as error:
            raise self._broken(endpoint, error) from error

    def _read(self, endpoint: Endpoint, response: urllib3.BaseHTTPResponse) -> bytes:
        try:
            return response.data
        except urllib3.exceptions.HTTPError as error:
            raise self._broken(endpoint, error) from error

    def _broken(self, endpoint: Endpoint, error: urllib3.exceptions.HTTPError) -> ModelError:
        if isinstance(error, urllib3.exceptions.TimeoutError):
            message = (
                "Your invocation timed out while waiting for a response from container primary. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            )
            text = f'Received server error (0) from primary with message "{message}"'
            return ModelError(self._cloud, endpoint, 0, message, text)
        text = "Received server error (0) from primary and could not load the entire response body."
        return ModelError(self._cloud, endpoint, 0, str(error), text)

    def _refuse(self, endpoint: Endpoint, response: urllib3.BaseHTTPResponse) -> None:
        """Raise for an answer that is none."""
        if response.status < 300:
            return
        message = self._read(endpoint, response).decode(errors="replace")
        kind = "client" if response.status < 500 else "server"
        text = (
            f'Received {kind} error ({response.status}) from primary with message "{message}". See '
            f"https://{endpoint.region}.console.aws.amazon.com/cloudwatch/home for more information."
        )
        raise ModelError(self._cloud, endpoint, response.status, message, text)


def by_weight(endpoint: Endpoint, target: str | None = None) -> tuple[Fleet, Variant]:
    """A fleet by its share of the traffic, then a variant by its weight; or the variant that is asked for."""
    fleets = [(fleet, share) for fleet, share in endpoint.fleets if share > 0]
    if target:
        fleets = [(fleet, share) for fleet, share in fleets if any(v.name == target for v in fleet.variants)]
        if not fleets:
            raise AwsError("ValidationError", f"Variant {target} does not exist for Endpoint {endpoint.name}.")
    fleet = random.choices([f for f, _ in fleets], [share for _, share in fleets])[0]  # noqa: S311 (traffic, no secret)
    if target:
        return fleet, next(variant for variant in fleet.variants if variant.name == target)
    weights = [variant.weight for variant in fleet.variants]
    return fleet, random.choices(fleet.variants, weights)[0]  # noqa: S311 (traffic, no secret)
