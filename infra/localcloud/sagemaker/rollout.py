"""What happens to an endpoint after the call that asked for it.

Each endpoint that is under way is driven by one process, which holds a lock file that the kernel releases when the
process dies. The place of the rollout is in its record, so any other process goes on from there, as AWS would.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from infra.localcloud.cloud import Cloud
from infra.localcloud.errors import LaunchError, LocalCloudError
from infra.localcloud.sagemaker.fleets import FleetRetired, Stopping
from infra.localcloud.sagemaker.records import Endpoint, Fleet
from infra.localcloud.sagemaker.supervisor import TICK_S, Supervisor
from infra.localcloud.sagemaker.tags import drop_tags
from infra.localcloud.sagemaker.traffic import TrafficPlan, plan_traffic

# AWS does not say how long a serverless container waits for its next request; some minutes are what people see.
_SERVERLESS_IDLE_S = 120.0
_MAX_REASON = 1024  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html
_LOG = logging.getLogger(__name__)


class Rollouts(Supervisor):
    """Drives every endpoint that is under way and that no other process drives."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud.clock, "rollouts")
        self._cloud = cloud
        self._drivers: dict[tuple[str, str], threading.Thread] = {}

    def workers(self) -> Iterable[threading.Thread]:
        """The threads that drive."""
        return self._drivers.values()

    def look(self) -> None:
        """Drive each endpoint that is under way and not driven yet."""
        # Asked before the records are read: a fleet that starts from now on is not taken for a forgotten one.
        started = self._cloud.fleets.ids()
        with self._cloud.state.read() as transaction:
            endpoints = [Endpoint.from_json(body) for body in transaction.list("endpoint")]
        self._drivers = {key: driver for key, driver in self._drivers.items() if driver.is_alive()}
        for endpoint in endpoints:
            key = (endpoint.region, endpoint.name)
            if endpoint.stage != "rest" and key not in self._drivers:
                driver = threading.Thread(target=self._drive, args=key, name=f"rollout {endpoint.name}", daemon=True)
                self._drivers[key] = driver
                driver.start()
        for endpoint in endpoints:
            if endpoint.blue and endpoint.stage == "rest":
                self._rest(endpoint.blue)
        for fleet_id in started - {fleet.id for endpoint in endpoints for fleet, _ in endpoint.fleets}:
            self._cloud.fleets.retire(fleet_id)

    def _rest(self, fleet: Fleet) -> None:
        """Let a serverless fleet go to sleep, unless it keeps containers ready."""
        if fleet.serverless and not any((one.serverless or {}).get("ProvisionedConcurrency") for one in fleet.variants):
            self._cloud.fleets.rest(fleet, self._cloud.clock.seconds(_SERVERLESS_IDLE_S))

    def _drive(self, region: str, name: str) -> None:
        try:
            with self._driver_lock(region, name) as mine:
                while mine and not self._cloud.clock.stopping.is_set() and self._advance(region, name):
                    pass
        except Stopping:
            _LOG.info("endpoint %s: left under way for the next process", name)
        except Exception:
            _LOG.exception("endpoint %s: the rollout stopped; it is taken up again", name)
            self._cloud.clock.pause(TICK_S)

    @contextmanager
    def _driver_lock(self, region: str, name: str) -> Iterator[bool]:
        path = self._cloud.state.directory / "locks" / f"{region}.{name}"
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def _advance(self, region: str, name: str) -> bool:
        """Do the next thing for an endpoint; False when there is none."""
        with self._cloud.state.read() as transaction:
            body = transaction.get("endpoint", region, name)
        endpoint = Endpoint.from_json(body) if body else None
        if endpoint is None or endpoint.stage == "rest":
            return False
        fault = self._cloud.faults.ending(endpoint)
        if fault == "stuck":
            return False
        after = self._end(endpoint, fault) if fault else self._next(endpoint)
        with self._cloud.state.write() as transaction:
            if after is None:
                transaction.delete("endpoint", region, name)
                drop_tags(transaction, region, endpoint.arn)
            else:
                transaction.put("endpoint", region, name, after.to_json())
        kept = {fleet.id for fleet, _ in after.fleets} if after else set()
        for fleet, _ in endpoint.fleets:
            if fleet.id not in kept:
                self._cloud.fleets.retire(fleet.id)
        status = f"{after.status}, {after.stage}" if after else "deleted"
        _LOG.info("endpoint %s: %s", name, status)
        return after is not None

    def _next(self, endpoint: Endpoint) -> Endpoint | None:  # noqa: PLR0911 (one line for each stage)
        match endpoint.stage:
            case "launch":
                return self._launch(endpoint)
            case "shift":
                percent = self._plan(endpoint).steps[endpoint.step]
                return endpoint.but(stage="bake", green_percent=percent)
            case "bake":
                return self._bake(endpoint)
            case "drain":
                return self._drain(endpoint)
            case "roll-back":
                return endpoint.but(status="InService", stage="rest", green=None, green_percent=0.0, step=0)
            case "rescale":
                return self._rescale(endpoint)
            case "delete":
                return None
            case "rest":
                return endpoint

    def _end(self, endpoint: Endpoint, fault: Literal["failed", "silent"]) -> Endpoint:
        """A rollout ends as was asked for."""
        if fault == "failed":
            reason = "Request to service failed, on request. If failure persists, contact customer support."
            return endpoint.but(status="Failed", stage="rest", green=None, failure_reason=reason)
        return endpoint.but(status="InService", stage="rest", green=None)

    def _plan(self, endpoint: Endpoint) -> TrafficPlan:
        variants = endpoint.green.variants if endpoint.green else ()
        return plan_traffic(endpoint.deployment, sum(variant.instances for variant in variants))

    def _launch(self, endpoint: Endpoint) -> Endpoint:
        if failure := self._start_green(endpoint):
            return self._fail(endpoint, failure)
        if endpoint.blue is None:
            return self._finish(endpoint)
        return endpoint.but(stage="shift", step=0)

    def _start_green(self, endpoint: Endpoint) -> str | None:
        """Have the new fleet running in this process; returns why it cannot."""
        if endpoint.green is None:
            return None
        try:
            self._cloud.fleets.start(endpoint.green)
        except (LaunchError, LocalCloudError) as error:
            return str(error)
        except FleetRetired as error:
            raise Stopping from error
        return None

    def _bake(self, endpoint: Endpoint) -> Endpoint:
        plan = self._plan(endpoint)
        failure = self._start_green(endpoint) or self._watch(endpoint, plan, plan.bake_s)
        if failure:
            return self._fail(endpoint, failure)
        if endpoint.step + 1 < len(plan.steps):
            return endpoint.but(stage="shift", step=endpoint.step + 1)
        return endpoint.but(stage="drain")

    def _drain(self, endpoint: Endpoint) -> Endpoint:
        plan = self._plan(endpoint)
        if failure := self._watch(endpoint, plan, plan.termination_wait_s):
            return self._fail(endpoint, failure)
        return self._finish(endpoint)

    def _watch(self, endpoint: Endpoint, plan: TrafficPlan, duration: float) -> str | None:
        """Wait out a period while watching the alarms; returns why the rollout must end.

        https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
        """
        clock = self._cloud.clock
        while True:
            states = self._cloud.moto.alarm_states(endpoint.region, plan.alarms)
            if ringing := [name for name in plan.alarms if states.get(name) == "ALARM"]:
                return f"Auto rollback: the CloudWatch alarms {', '.join(ringing)} are in the ALARM state."
            if plan.limit_s is not None and clock.elapsed(endpoint.started) > plan.limit_s:
                return f"The deployment did not finish within MaximumExecutionTimeoutInSeconds ({plan.limit_s})."
            left = clock.seconds(duration) - (time.time() - endpoint.stage_since)
            if left <= 0:
                return None
            if not clock.pause(min(left, 0.25)):
                raise Stopping

    def _fail(self, endpoint: Endpoint, reason: str) -> Endpoint:
        _LOG.warning("endpoint %s: %s", endpoint.name, reason)
        reason = reason[:_MAX_REASON]
        if endpoint.blue is None:
            return endpoint.but(status="Failed", stage="rest", green=None, failure_reason=reason)
        return endpoint.but(status="RollingBack", stage="roll-back", green_percent=0.0, failure_reason=reason)

    def _finish(self, endpoint: Endpoint) -> Endpoint:
        if endpoint.green is None:
            raise RuntimeError(f"{endpoint.name} has nothing to finish")
        return endpoint.but(
            status="InService",
            stage="rest",
            config_name=endpoint.green.config_name,
            blue=endpoint.green,
            green=None,
            green_percent=0.0,
            step=0,
            last_deployment=endpoint.deployment or None,
        )

    def _rescale(self, endpoint: Endpoint) -> Endpoint:
        if endpoint.blue is None:
            raise RuntimeError(f"{endpoint.name} has no fleet to rescale")
        variants = tuple(replace(variant, weight=variant.desired_weight) for variant in endpoint.blue.variants)
        return endpoint.but(status="InService", stage="rest", blue=replace(endpoint.blue, variants=variants))
