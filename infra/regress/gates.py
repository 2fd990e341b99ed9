"""Whether the next image may follow the live one: each gate with its value, its limit and a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.regress.accuracy import Agreement
    from infra.regress.latency import Latency
    from infra.regress.settings import Gates


@dataclass(frozen=True)
class Gate:
    """A limit of [gates] and what was measured; the sentence says both."""

    name: str
    value: float
    limit: float
    open: bool
    sentence: str

    @property
    def verdict(self) -> str:
        """For a table."""
        return "open" if self.open else "**closed**"


def judge(
    limits: Gates, latency: Latency | None, agreed: Agreement, maps: tuple[float, float] | None, *, same_model: bool
) -> list[Gate]:
    """Every gate that applies.

    `maps` are the mAP50 of old and new where it is known what is in the pictures; `latency` is None where it was not
    measured.
    """
    gates = [_latency(limits, latency)] if latency else []
    if maps:
        drop = round(maps[0] - maps[1], 4)
        said = f"mAP50 is {maps[1]:.3f}, live {maps[0]:.3f}"
        gates.append(Gate("map_drop", drop, limits.map_drop, drop <= limits.map_drop, said))
    if same_model or not maps:
        gates += [
            Gate(
                "score_difference",
                agreed.score_difference,
                limits.score_difference,
                agreed.score_difference <= limits.score_difference,
                f"scores of the same objects differ by up to {agreed.score_difference:.3f}",
            ),
            Gate(
                "disagreement",
                agreed.disagreement,
                limits.disagreement,
                agreed.disagreement <= limits.disagreement,
                f"{agreed.disagreement:.1%} of the objects are found by one of both alone",
            ),
        ]
    return gates


def _latency(limits: Gates, latency: Latency) -> Gate:
    return Gate(
        "latency_ratio",
        latency.ratio,
        limits.latency_ratio,
        # Only what is surely slower: an interval that the limit lies in may be chance.
        latency.low <= limits.latency_ratio,
        f"the new image takes {latency.ratio:.2f} times as long ({latency.new_ms:.1f} ms, live "
        f"{latency.old_ms:.1f} ms; 95 % sure of {latency.low:.2f} to {latency.high:.2f})",
    )
