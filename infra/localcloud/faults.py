"""Faults on request: how a pipeline fares when AWS throttles, breaks, hangs, or takes a release back without a word.

``POST /_slipway/faults`` adds one, ``GET`` tells how often each was met and which calls are held, ``DELETE`` ends them
all. They live as long as the process.
"""

from __future__ import annotations

import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from infra.localcloud.errors import AwsError, ValidationException

if TYPE_CHECKING:
    from infra.localcloud.fault_requests import CallFault, EndpointFault
    from infra.localcloud.sagemaker.records import Endpoint
    from infra.localcloud.wire import Request

LONGEST_HOLD = 600.0  # seconds
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds; closing then resets the connection


class Cut(ConnectionResetError):
    """A connection was reset on request; there is nobody to answer to."""


@dataclass
class _OfCalls:
    """A fault, how many calls fitted it, and how many of them it hit."""

    fault: CallFault
    seen: int = 0
    met: int = 0


@dataclass
class _OfRollouts:
    """A fault, and how many rollouts it hit: one at most."""

    fault: EndpointFault
    met: int = 0


class Faults:
    """Those that were asked for, in this order; the first that fits is the one that happens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[_OfCalls] = []
        self._rollouts: list[_OfRollouts] = []
        self._held: dict[int, str] = {}
        self._ended = threading.Event()

    def add(self, text: bytes) -> None:
        """Read one from JSON; ValidationException says what is wrong with it."""
        # Nobody who only tries a pipeline out waits for what reads faults.
        from infra.localcloud.fault_requests import EndpointFault, read  # noqa: PLC0415

        try:
            fault = read(text)
        except ValueError as error:
            raise ValidationException(f"This is no fault: {error}") from None
        with self._lock:
            if isinstance(fault, EndpointFault):
                self._rollouts.append(_OfRollouts(fault))
            else:
                self._calls.append(_OfCalls(fault))

    def end(self) -> None:
        """Forget all, and let go what is held."""
        with self._lock:
            self._calls.clear()
            self._rollouts.clear()
            self._ended.set()
            self._ended = threading.Event()

    def told(self) -> dict[str, Any]:
        """What was asked for, how often it was met, and the calls that are held now."""
        with self._lock:
            known: list[_OfCalls | _OfRollouts] = [*self._calls, *self._rollouts]
            faults = [{**one.fault.model_dump(exclude_none=True), "met": one.met} for one in known]
            return {"faults": faults, "held": list(self._held.values())}

    def meet(self, request: Request) -> CallFault | None:
        """The fault that hits this call, if any; counted."""
        with self._lock:
            for one in self._calls:
                fault = one.fault
                if fault.effect == "allow" or not fault.fits(request):
                    continue
                one.seen += 1
                spent = fault.times is not None and one.met >= fault.times
                turn = one.seen - fault.after - 1
                if turn >= 0 and turn % fault.every == 0 and not spent:
                    one.met += 1
                    return fault
        return None

    def strike(self, fault: CallFault, request: Request) -> None:
        """Let it happen: raises AwsError or Cut, or returns where the call then goes on."""
        match fault.effect:
            case "error":
                raise AwsError(fault.code, f"{request.operation} fails on request.", fault.status)
            case "slow":
                self._ended.wait(fault.seconds)
            case "hold":
                self._hold(request)
                _cut(request)
            case "cut":
                _cut(request)

    def allows(self, operation: str) -> bool:
        """Whether an operation may do here what it may do on AWS."""
        with self._lock:
            return any(one.fault.effect == "allow" and one.fault.operation == operation for one in self._calls)

    def ending(self, endpoint: Endpoint) -> Literal["failed", "silent", "stuck"] | None:
        """How a rollout ends that has just begun; all but `stuck` happen once."""
        if endpoint.stage != "launch":
            return None
        with self._lock:
            for one in self._rollouts:
                fault = one.fault
                if fault.endpoint != endpoint.name:
                    continue
                if fault.effect == "silent" and endpoint.blue is None:
                    continue
                if fault.region in (None, endpoint.region) and (fault.effect == "stuck" or not one.met):
                    one.met = 1
                    return fault.effect
        return None

    def _hold(self, request: Request) -> None:
        with self._lock:
            ended = self._ended
            self._held[id(request)] = request.operation or ""
        ended.wait(LONGEST_HOLD)
        with self._lock:
            del self._held[id(request)]


def _cut(request: Request) -> None:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.shutdown(socket.SHUT_RD)
    raise Cut("cut on request")
