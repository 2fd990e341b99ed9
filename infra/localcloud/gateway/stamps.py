"""What API Gateway gives each request: an id, a time, a trace."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Stamp:
    """Of one request."""

    id: str
    milliseconds: int

    @classmethod
    def now(cls) -> Stamp:
        """A new one."""
        return cls(base64.b64encode(secrets.token_bytes(11)).decode(), int(time.time() * 1000))

    @property
    def text(self) -> str:
        """The time as in logs: ``12/Mar/2020:19:03:58 +0000``."""
        return datetime.fromtimestamp(self.milliseconds / 1000, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")

    def trace(self, headers: Mapping[str, str]) -> str:
        """The client's trace, or a new one.

        https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
        """
        own = f"Root=1-{self.milliseconds // 1000:08x}-{base64.b64decode(self.id).hex()[:22]}00"
        return headers.get("x-amzn-trace-id") or own
