"""Works through the queues of asynchronous endpoints.

The queue is in the state file. One process at a time works on an endpoint's, the one that holds its lock file; what a
process leaves behind the next one takes up.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Iterable
from typing import IO

from infra.localcloud.cloud import Cloud
from infra.localcloud.sagemaker.asynchronous import KIND, Waiting, answer
from infra.localcloud.sagemaker.invoker import Invoker
from infra.localcloud.sagemaker.records import Endpoint
from infra.localcloud.sagemaker.supervisor import Supervisor

# "If no value is provided, SageMaker chooses an optimal value."
_CONCURRENT = 4
_LOG = logging.getLogger(__name__)


class Queues(Supervisor):
    """Takes requests from the queues, as many at a time as the instances of an endpoint are asked at once."""

    def __init__(self, cloud: Cloud, invoker: Invoker) -> None:
        super().__init__(cloud.clock, "queues")
        self._cloud = cloud
        self._invoker = invoker
        self._lock = threading.Lock()
        self._at_work: dict[str, threading.Thread] = {}
        self._held: dict[tuple[str, str], IO[str]] = {}

    def workers(self) -> Iterable[threading.Thread]:
        """The threads that ask."""
        return self._at_work.values()

    def look(self) -> None:
        """Take up what waits for an endpoint that this process holds."""
        with self._cloud.state.read() as transaction:
            queue = [Waiting(**body) for body in transaction.list(KIND)]
            known = {(one["region"], one["name"]): one for one in transaction.list("endpoint")}
        for place in {(one.region, one.endpoint) for one in queue}:
            mine = [one for one in queue if (one.region, one.endpoint) == place]
            if place not in known:
                self._forget(mine)
            elif self._hold(place):
                self._begin(Endpoint.from_json(known[place]), mine)
        for place in set(self._held) - {(one.region, one.endpoint) for one in queue}:
            self._held.pop(place).close()

    def _begin(self, endpoint: Endpoint, queue: list[Waiting]) -> None:
        if endpoint.status not in ("InService", "Updating", "RollingBack") or endpoint.blue is None:
            return
        client = (endpoint.blue.asynchronous or {}).get("ClientConfig") or {}
        instances = sum(variant.instances for variant in endpoint.blue.variants)
        room = instances * client.get("MaxConcurrentInvocationsPerInstance", _CONCURRENT)
        with self._lock:
            room -= sum(one.key in self._at_work for one in queue)
            for one in [one for one in queue if one.key not in self._at_work][: max(0, room)]:
                thread = threading.Thread(target=self._work, args=(endpoint, one), name=f"async {one.key}", daemon=True)
                self._at_work[one.key] = thread
                thread.start()

    def _work(self, endpoint: Endpoint, waiting: Waiting) -> None:
        over = True
        try:
            over = answer(self._cloud, self._invoker, endpoint, waiting)
        except Exception:
            _LOG.exception("endpoint %s: request %s is lost", endpoint.name, waiting.inference_id)
        if over:
            self._forget([waiting])
        with self._lock:
            self._at_work.pop(waiting.key, None)
        self.wake()

    def _forget(self, requests: list[Waiting]) -> None:
        with self._cloud.state.write() as transaction:
            for one in requests:
                transaction.delete(KIND, one.region, one.key)

    def _hold(self, place: tuple[str, str]) -> bool:
        """Whether this process works on an endpoint's queue."""
        if place in self._held:
            return True
        file = (self._cloud.state.directory / "locks" / f"queue.{place[0]}.{place[1]}").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._held[place] = file
        return True
