"""The execution environments that are warm, and who gets one."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infra.localcloud import logs
from infra.localcloud.clock import Clock
from infra.localcloud.errors import AwsError
from infra.localcloud.functions.deployed import Deployed
from infra.localcloud.functions.environment import Environment, Outcome
from infra.localcloud.state import State

MOST = 16
"""Processes at a time. An account has 1,000 (Lambda quotas); a machine has not."""


class Pool:
    """Environments are kept for the next event of the same version, and made when all of them are busy."""

    def __init__(self, clock: Clock, state: State, sdk: Mapping[str, str]) -> None:
        """Takes where is noted what functions write, and the variables that lead their SDK to this cloud."""
        self._clock = clock
        self._state = state
        self._sdk = sdk
        self._lock = threading.Lock()
        self._idle: list[Environment] = []
        self._busy: list[Deployed] = []

    def invoke(self, function: Deployed, event: bytes, trace: str) -> Outcome:
        """The function's answer to an event; raises TooManyRequestsException where no more may run at a time."""
        with self._slot(function):
            environment = self._take(function)
            try:
                return environment.invoke(
                    event, str(uuid.uuid4()), function.invoked, trace, self._clock.seconds(function.timeout_s)
                )
            finally:
                self._give_back(environment)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            idle, self._idle = self._idle, []
        for environment in idle:
            environment.close()

    @contextmanager
    def _slot(self, function: Deployed) -> Iterator[None]:
        with self._lock:
            running = sum(other.name == function.name for other in self._busy)
            if function.reserved is not None and running >= function.reserved:
                reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
                raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
            if len(self._busy) >= MOST:
                reason = "ConcurrentInvocationLimitExceeded"
                raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429, Reason=reason)
            self._busy.append(function)
        try:
            yield
        finally:
            with self._lock:
                self._busy.remove(function)

    def _take(self, function: Deployed) -> Environment:
        with self._lock:
            for environment in self._idle:
                if environment.function.key == function.key:
                    self._idle.remove(environment)
                    return environment
        stream = f"function-{function.name}-{uuid.uuid4().hex[:12]}"
        with self._state.write() as transaction:
            logs.open_function_stream(transaction, function.region, function.name, function.version, stream)
        return Environment(function, self._sdk, self._state.outputs / stream)

    def _give_back(self, environment: Environment) -> None:
        if not environment.alive:
            return environment.close()
        with self._lock:
            self._idle.append(environment)
            surplus = self._idle.pop(0) if len(self._idle) > MOST else None
        if surplus is not None:
            surplus.close()
        return None
