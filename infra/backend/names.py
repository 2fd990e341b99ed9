"""What the functions and the APIs of an environment are called, for who makes them and for who releases to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.release.names import Place

ALIAS = "live"
"""The alias that the APIs call; a release moves it."""
KINDS = ("http", "websocket")
"""The two functions, by the module of `backend` that has their handler."""


@dataclass(frozen=True)
class Names:
    """Of one environment."""

    endpoint: str
    region: str

    @classmethod
    def of(cls, place: Place) -> Names:
        """The names of a place; all begin with its endpoint's."""
        return cls(place.endpoint, place.region)

    def function(self, kind: str) -> str:
        """The function behind the HTTP or the WebSocket API: at most 43 + 10 of 64 characters."""
        return f"{self.endpoint}-{kind}"

    def handler(self, kind: str) -> str:
        """Its handler."""
        return f"backend.{kind}.handler"
