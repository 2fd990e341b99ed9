"""Faults on request: how a pipeline fares when AWS throttles, breaks, hangs, or takes a release back without a word.

``POST /_slipway/faults`` adds one, ``GET`` tells how often each was met and which calls are held, ``DELETE`` ends them
all. They live as long as the process.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationError

from infra.localcloud.errors import AwsError, ValidationException
from infra.section import Section

if TYPE_CHECKING:
    from infra.localcloud.sagemaker.records import Endpoint
    from infra.localcloud.wire import Request

_READS = ("Describe", "Get", "List", "BatchGet", "Head", "Simulate", "Filter", "Invoke")
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds; closing then resets the connection
_LONGEST_HOLD = 600.0  # seconds


class CallFault(Section):
    """What happens to calls of the API.

    error: the answer is ``code`` with ``status``; cut: the connection is reset; slow: the answer comes ``seconds``
    later; hold: the call waits until the faults are ended, and then is cut; allow: DeleteModel and
    DeleteEndpointConfig delete what is in use, as on AWS.

    ``operation`` is a name such as CreateModel, ``writes`` for all that change something, or ``*``. The first ``after``
    calls pass; of those that follow, each is hit or one in ``every``, until it were ``times``. ``done``: the call takes
    effect first. ``caller`` is the access key of those that are hit, and ``region`` theirs; without them, everybody is.
    """

    operation: str = Field(default="*", min_length=1)
    effect: Literal["error", "cut", "slow", "hold", "allow"]
    code: str = "ThrottlingException"
    status: int = Field(default=400, ge=400, le=599)
    seconds: float = Field(default=1, ge=0, le=_LONGEST_HOLD, strict=False)
    after: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)
    every: int = Field(default=1, ge=1)
    done: bool = False
    caller: str | None = None
    region: str | None = None

    def fits(self, request: Request) -> bool:
        """Whether a call is one of those meant."""
        called = request.operation or ""
        if request.service is None:
            return False
        meant = self.operation in ("*", called) or (
            self.operation == "writes" and bool(called) and not called.startswith(_READS)
        )
        return meant and self.caller in (None, request.caller) and self.region in (None, request.region)


class EndpointFault(Section):
    """How the next rollout of an endpoint goes.

    failed: it ends as Failed; silent: an update ends InService with the config before and no reason; stuck: it stays as
    it is until the faults are ended.
    """

    endpoint: str = Field(min_length=1)
    effect: Literal["failed", "silent", "stuck"]
    region: str | None = None


class Cut(ConnectionResetError):
    """A connection was reset on request; there is nobody to answer to."""


@dataclass
class _Met:
    """A fault, the calls that fitted it and those that it hit; a rollout counts once."""

    fault: CallFault | EndpointFault
    seen: int = 0
    met: int = 0


class Faults:
    """Those that were asked for, in this order; the first that fits is the one that happens."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[_Met] = []
        self._held: dict[int, str] = {}
        self._ended = threading.Event()

    def add(self, text: bytes) -> None:
        """Read one from JSON; ValidationException says what is wrong with it."""
        try:
            values = json.loads(text)
            kind = EndpointFault if isinstance(values, dict) and "endpoint" in values else CallFault
            fault = kind.model_validate(values)
        except (ValueError, ValidationError) as error:
            raise ValidationException(f"This is no fault: {error}") from None
        with self._lock:
            self._known.append(_Met(fault))

    def end(self) -> None:
        """Forget all, and let go what is held."""
        with self._lock:
            self._known.clear()
            self._ended.set()
            self._ended = threading.Event()

    def told(self) -> dict[str, Any]:
        """What was asked for, how often it was met, and the calls that are held now."""
        with self._lock:
            faults = [{**one.fault.model_dump(exclude_none=True), "met": one.met} for one in self._known]
            return {"faults": faults, "held": list(self._held.values())}

    def meet(self, request: Request) -> CallFault | None:
        """The fault that hits this call, if any; counted."""
        with self._lock:
            for one in self._known:
                fault = one.fault
                if not isinstance(fault, CallFault) or fault.effect == "allow" or not fault.fits(request):
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
            return any(
                isinstance(one.fault, CallFault) and one.fault.effect == "allow" and one.fault.operation == operation
                for one in self._known
            )

    def ending(self, endpoint: Endpoint) -> Literal["failed", "silent", "stuck"] | None:
        """How a rollout ends that has just begun; all but `stuck` happen once."""
        if endpoint.stage != "launch":
            return None
        with self._lock:
            for one in self._known:
                fault = one.fault
                if not isinstance(fault, EndpointFault) or fault.endpoint != endpoint.name:
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
        ended.wait(_LONGEST_HOLD)
        with self._lock:
            del self._held[id(request)]


def _cut(request: Request) -> None:
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.shutdown(socket.SHUT_RD)
    raise Cut("cut on request")
