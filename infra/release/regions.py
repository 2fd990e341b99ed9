"""The account of one verb in several regions: a row each, and what failed, was left alone or not reached."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from infra.release.report import table

if TYPE_CHECKING:
    from infra.errors import SlipwayError


@dataclass
class Region:
    """What a verb said in one region: as data and as a text, or why it failed.

    `begun` says that it runs or ran there, `left` why it is not to.
    """

    name: str
    wave: int
    data: Any = None
    text: str = ""
    begun: bool = False
    error: SlipwayError | None = None
    left: str = ""

    def hear(self, data: Any, text: str) -> None:
        """Take what a verb says."""
        self.data, self.text = json.loads(data) if isinstance(data, str) else data, text

    def forget(self) -> Any:
        """Give away what was heard, to hear the next verb."""
        data, self.data, self.text, self.begun = self.data, None, "", False
        return data

    @property
    def outcome(self) -> str:
        """In a word."""
        if self.error:
            return "failed"
        if self.left:
            return "left alone"
        if self.data is None:
            return "interrupted" if self.begun else "not touched"
        return str(self.data.get("outcome", "done")) if isinstance(self.data, dict) else "done"

    def told(self, key: str) -> str:
        """One value of what was heard, empty where there is none."""
        return str(self.data.get(key) or "") if isinstance(self.data, dict) else ""


@dataclass
class Regions:
    """All regions of an environment; `seconds` is how long the verb took."""

    verb: str
    project: str
    environment: str
    regions: tuple[Region, ...]
    seconds: float = 0.0

    @property
    def outcome(self) -> str:
        """As a whole: failed where one failed, running where it was interrupted, unchanged where all are."""
        each = {one.outcome for one in self.regions}
        if "failed" in each:
            return "failed"
        return "running" if "interrupted" in each else "unchanged" if each == {"unchanged"} else "done"

    def fail(self) -> None:
        """Raise what failed, with the regions that it did not fail in; nothing where all is well."""
        failed = [one for one in self.regions if one.error]
        if failed:
            self._raise(failed)

    def _raise(self, failed: list[Region]) -> NoReturn:
        said = " ".join(f"In {one.name}: {one.error}" for one in failed)
        done = [one.name for one in self.regions if one.outcome in ("done", "unchanged")]
        untouched = [one.name for one in self.regions if one.outcome == "not touched"]
        after = f" It is done in {', '.join(done)}." if done else ""
        after += f" Not touched: {', '.join(untouched)}." if untouched else ""
        error = failed[0].error
        assert error is not None  # noqa: S101  (they are those with one)
        raise type(error)(f"{self.verb} failed in {len(failed)} of {len(self.regions)} regions. {said}{after}")

    def to_dict(self) -> dict[str, Any]:
        """For JSON: what every region said, and what they have in common."""
        common = {key: next(filter(None, (one.told(key) for one in self.regions)), "") for key in _COMMON}
        return {
            "verb": self.verb,
            "project": self.project,
            "environment": self.environment,
            "outcome": self.outcome,
            "changed": any(one.told("changed") for one in self.regions),
            **common,
            "seconds": self.seconds,
            "regions": [
                {
                    "region": one.name,
                    "wave": one.wave,
                    "outcome": one.outcome,
                    "error": str(one.error or ""),
                    "left": one.left,
                    "told": one.data,
                }
                for one in self.regions
            ],
        }

    def to_markdown(self) -> str:
        """For people."""
        if self.verb == "logs":
            return "".join(self._lines())
        if self.verb in ("history", "doctor", "backend"):
            return "\n".join(f"# {one.name}\n\n{one.text or one.error or one.outcome}\n" for one in self.regions)
        if self.verb == "status":
            rows = table(_STATUS, [(one.name, *(one.told(key) for key in _STATUS[1:])) for one in self.regions])
        else:
            rows = table(_REPORT, [self._row(one) for one in self.regions])
        remarks = [f"- {one.name}: {one.error or one.left}" for one in self.regions if one.error or one.left]
        ended = f": {self.outcome}" if self.verb != "status" else ""
        title = f"## {self.verb} of {self.environment} in {len(self.regions)} regions{ended}"
        return "\n".join([title, "", *rows, *(["", *remarks] if remarks else [])]) + "\n"

    def to_message(self) -> str:
        """For a chat or an e-mail."""
        return self.to_markdown()

    def _row(self, one: Region) -> tuple[str, ...]:
        smoke = one.data.get("smoke") if isinstance(one.data, dict) else None
        steps = one.data.get("steps") if isinstance(one.data, dict) else None
        seconds = f"{sum(float(step['seconds']) for step in steps):.1f} s" if steps else ""
        return one.name, str(one.wave), one.outcome, one.told("release"), smoke["verdict"] if smoke else "", seconds

    def _lines(self) -> list[str]:
        """Lines of logs, of all regions in the order of their time."""
        heard = [
            (str(line["time"]), f"{one.name} {text}\n")
            for one in self.regions
            for line, text in zip(one.data or [], one.text.splitlines(), strict=False)
        ]
        return [text for _, text in sorted(heard, key=lambda each: each[0])]


_COMMON = ("endpoint", "digest", "git_sha")
_REPORT = ("region", "wave", "outcome", "release", "smoke test", "time")
_STATUS = ("region", "state", "release", "git_sha", "since", "health", "in_progress")
