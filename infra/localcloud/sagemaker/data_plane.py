"""All that answers a client's pictures: at once, later, and behind its back."""

from __future__ import annotations

from infra.localcloud.cloud import Cloud
from infra.localcloud.sagemaker.asynchronous import ASYNC_INVOCATIONS, enqueue
from infra.localcloud.sagemaker.capture import Captures
from infra.localcloud.sagemaker.invoker import Invoker
from infra.localcloud.sagemaker.mirror import Mirror
from infra.localcloud.sagemaker.queues import Queues
from infra.localcloud.sagemaker.runtime import INVOCATIONS, STREAMS, Runtime
from infra.localcloud.sagemaker.streaming import Streamed
from infra.localcloud.wire import Request, Response


class DataPlane:
    """SageMaker Runtime's operations, and the threads that work for them."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._invoker = Invoker(cloud)
        self._captures = Captures(cloud)
        self._mirror = Mirror(cloud, self._invoker, self._captures)
        self._queues = Queues(cloud, self._invoker)
        self._runtime = Runtime(cloud, self._invoker, self._mirror, self._captures)

    def start(self) -> None:
        """Begin to work through queues and to write what is captured."""
        self._captures.start()
        self._queues.start()

    def close(self) -> None:
        """Finish what has begun; the clock must be stopping."""
        self._queues.close()
        self._mirror.close()
        self._captures.close()

    def answer(self, request: Request) -> Response | Streamed | None:
        """The answer to an invocation, None where something else is asked."""
        if match := INVOCATIONS.match(request.path):
            return self._runtime.invoke(request, match.group(1))
        if match := STREAMS.match(request.path):
            return self._runtime.stream(request, match.group(1))
        if match := ASYNC_INVOCATIONS.match(request.path):
            told = enqueue(self._cloud, self._invoker.endpoint(request.region, match.group(1)), request)
            self._queues.wake()
            return told
        return None
