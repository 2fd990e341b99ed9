"""What a fault is asked for with. It is read apart from what then happens: the cloud starts sooner without pydantic."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from infra.localcloud.faults import LONGEST_HOLD
from infra.section import Section

if TYPE_CHECKING:
    from infra.localcloud.wire import Request

_READS = ("Describe", "Get", "List", "BatchGet", "Head", "Simulate", "Filter", "Invoke")


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
    seconds: float = Field(default=1, ge=0, le=LONGEST_HOLD, strict=False)
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


def read(text: bytes) -> CallFault | EndpointFault:
    """One fault from JSON; ValueError says what is wrong with it."""
    values = json.loads(text)
    kind = EndpointFault if isinstance(values, dict) and "endpoint" in values else CallFault
    return kind.model_validate(values)
