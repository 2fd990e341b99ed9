"""One explanation of what is wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A cause as a sentence, what it was seen by, and the command or change that mends it.

    `certainty` orders findings, from 0 to 1: 1 is what an API says in so many words, lower is what signs point to.
    """

    certainty: float
    cause: str
    evidence: tuple[str, ...]
    remedy: str

    def to_markdown(self, number: int) -> str:
        """For people."""
        signs = "".join(f"\n   - {sign}" for sign in self.evidence)
        return f"{number}. **{self.cause}**{signs}\n   - → {self.remedy}\n"
