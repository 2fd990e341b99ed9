"""The containers that this process runs for endpoints.

Containers belong to a process, endpoints do not: after a restart a fleet is asleep, and its containers are started
again from the recorded digests when they are first needed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import urllib3

from infra.localcloud.clock import Clock
from infra.localcloud.cloud import Settings
from infra.localcloud.errors import LaunchError
from infra.localcloud.launchers.launcher import Container, ContainerSpec, Launcher
from infra.localcloud.registry import Registry
from infra.localcloud.sagemaker.records import Fleet, Variant

_LOG = logging.getLogger(__name__)


class FleetRetired(Exception):
    """The fleet was stopped for good while somebody still meant to use it: read the endpoint again."""


class Stopping(Exception):
    """The process is ending; whatever waits must leave things as they are."""


@dataclass
class _Slot:
    """One container and the requests inside it."""

    container: Container | None = None
    in_flight: int = 0
    last_used: float = 0.0

    def __post_init__(self) -> None:
        self.starting = threading.Lock()
        self.idle = threading.Condition()

    def unused(self, seconds: float) -> bool:
        """Whether its container has had nothing to do for so long."""
        return self.container is not None and not self.in_flight and time.monotonic() - self.last_used >= seconds


class Fleets:
    """Starts, finds and stops the containers of fleets in this process."""

    def __init__(
        self,
        launcher: Launcher,
        registry: Registry,
        clock: Clock,
        settings: Settings,
        read_object: Callable[[str], bytes],
    ) -> None:
        self._launcher = launcher
        self._registry = registry
        self._clock = clock
        self._settings = settings
        self._read_object = read_object
        self._slots: dict[str, dict[str, _Slot]] = {}
        self._retired: set[str] = set()
        self._stops: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._http = urllib3.PoolManager(retries=False, maxsize=1)

    def prepare(self) -> None:
        """Get the launcher ready in the background: a model was created, so a fleet will follow."""

        def prepare() -> None:
            try:
                self._launcher.prepare()
            except Exception as error:
                _LOG.warning("the launcher is not ready, the first start tries again: %s", error)

        threading.Thread(target=prepare, name="prepare", daemon=True).start()

    def start(self, fleet: Fleet) -> None:
        """Start every variant and wait until all are healthy; raises LaunchError with AWS's failure reason."""
        with ThreadPoolExecutor(max_workers=len(fleet.everything)) as pool:
            list(pool.map(lambda variant: self._healthy(fleet, variant), fleet.everything))

    @contextmanager
    def lease(self, fleet: Fleet, variant: Variant) -> Iterator[str]:
        """The URL of a healthy container, which is not stopped before the lease ends."""
        slot = self._healthy(fleet, variant)
        with slot.idle:
            if slot.container is None:
                raise FleetRetired(fleet.id)
            url = slot.container.url
            slot.in_flight += 1
        try:
            yield url
        finally:
            with slot.idle:
                slot.in_flight -= 1
                slot.last_used = time.monotonic()
                slot.idle.notify_all()

    def rest(self, fleet: Fleet, seconds: float) -> None:
        """Stop the containers of a fleet that nobody has asked for so long; the next request starts them again."""

        def stop(slot: _Slot) -> None:
            with slot.starting:
                with slot.idle:
                    if not slot.unused(seconds):
                        return
                    container, slot.container = slot.container, None
                if container is not None:
                    container.stop()

        with self._lock:
            unused = [slot for slot in self._slots.get(fleet.id, {}).values() if slot.unused(seconds)]
            self._stops = [one for one in self._stops if one.is_alive()]
            for slot in unused:
                self._stops.append(threading.Thread(target=stop, args=(slot,), name=f"rest {fleet.id}", daemon=True))
                self._stops[-1].start()

    def discard_dead(self, fleet: Fleet, variant: Variant, url: str) -> None:
        """Forget a container that no longer takes connections; the next request starts a new one, as SageMaker does."""
        slot = self._slot(fleet, variant)
        with slot.starting:
            if slot.container is not None and slot.container.url == url:
                slot.container.stop()
                slot.container = None

    def retire(self, fleet_id: str) -> None:
        """Stop a fleet for good, in the background, after the requests inside it have been answered."""
        with self._lock:
            self._retired.add(fleet_id)
            slots = list(self._slots.pop(fleet_id, {}).values())
            self._stops = [stop for stop in self._stops if stop.is_alive()]
            for slot in slots:
                stop = threading.Thread(target=self._stop, args=(slot,), name=f"stop {fleet_id}", daemon=True)
                self._stops.append(stop)
                stop.start()

    def output(self, container: str) -> bytes:
        """What the container of that name has written so far, also after its end."""
        return self._launcher.output(container)

    def ids(self) -> set[str]:
        """The fleets that this process has started or is starting."""
        with self._lock:
            return set(self._slots)

    def running(self) -> int:
        """How many containers this process runs."""
        with self._lock:
            return sum(slot.container is not None for slots in self._slots.values() for slot in slots.values())

    def close(self) -> None:
        """Stop all containers at once, then release the launcher."""
        with self._lock:
            slots = [slot for fleet in self._slots.values() for slot in fleet.values()]
            self._retired.update(self._slots)
            self._slots.clear()
        if slots:
            with ThreadPoolExecutor(max_workers=len(slots)) as pool:
                list(pool.map(self._stop, slots))
        for stop in self._stops:
            stop.join()
        self._launcher.close()

    def _stop(self, slot: _Slot) -> None:
        with slot.starting:
            with slot.idle:
                container, slot.container = slot.container, None
                slot.idle.wait_for(lambda: slot.in_flight == 0, self._settings.invocation_timeout_s)
            if container is not None:
                container.stop()

    def _slot(self, fleet: Fleet, variant: Variant) -> _Slot:
        with self._lock:
            if fleet.id in self._retired:
                raise FleetRetired(fleet.id)
            return self._slots.setdefault(fleet.id, {}).setdefault(variant.name, _Slot())

    def _healthy(self, fleet: Fleet, variant: Variant) -> _Slot:
        slot = self._slot(fleet, variant)
        if slot.container is not None:
            return slot
        with slot.starting:
            if fleet.id in self._retired:
                raise FleetRetired(fleet.id)
            if slot.container is None:
                container = self._launcher.start(self._spec(fleet, variant))
                try:
                    self._await_ping(container, variant)
                except BaseException:
                    container.stop()
                    raise
                slot.container = container
                slot.last_used = time.monotonic()
        return slot

    def _spec(self, fleet: Fleet, variant: Variant) -> ContainerSpec:
        archive = self._read_object(variant.model_data_url) if variant.model_data_url else None
        manifest = self._registry.manifest(variant.repository, variant.digest)
        return ContainerSpec(fleet.container(variant), manifest, variant.environment, archive)

    def _await_ping(self, container: Container, variant: Variant) -> None:
        """Ping until 200, within the contract's limits.

        https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html
        """
        failure = (
            f"The primary container for production variant {variant.name} did not pass the ping health check. "
            "Please check CloudWatch logs for this endpoint."
        )
        waited, last = 0.0, "it did not answer"
        while waited < variant.startup_timeout_s:
            if self._clock.stopping.is_set():
                raise Stopping
            if reason := container.exit_reason():
                raise LaunchError(f"{failure} In the local cloud {reason}.")
            try:
                status = self._http.request(
                    "GET", f"{container.url}/ping", timeout=urllib3.Timeout(total=self._settings.ping_timeout_s)
                ).status
                if status == 200:
                    return
                last = f"/ping answered {status}"
            except urllib3.exceptions.TimeoutError:
                last = f"/ping did not answer within {self._settings.ping_timeout_s:g} s"
                waited += self._settings.ping_timeout_s
            except urllib3.exceptions.HTTPError:
                last = "port 8080 did not take a connection"
            interval = min(self._settings.ping_interval_s * 2 ** min(waited, 3.0), 1.0)
            self._clock.pause(interval)
            waited += interval
        raise LaunchError(f"{failure} In the local cloud {last} for {variant.startup_timeout_s:g} s.")
