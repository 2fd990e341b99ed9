"""The account of what was done: JSON for programs, Markdown for people."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.pricing.cost import Cost
    from infra.progress import Step
    from infra.publish import Published
    from infra.release.findings import Detection
    from infra.release.recording import Moment
    from infra.release.shadow import Comparison


@dataclass
class Report:
    """Filled in step by step, so that a failed deploy has its account too; sizes in bytes, times in seconds."""

    verb: str
    project: str
    environment: str
    region: str
    endpoint: str
    outcome: Literal["running", "done", "unchanged", "failed"] = "running"
    changed: bool = False
    digest: str = ""
    git_sha: str = ""
    release: str = ""
    previous: str = ""
    plan: str = ""
    image: str = ""
    image_bytes: int | None = None
    published: Published | None = None
    alarms: tuple[str, ...] = ()
    changes: list[str] = field(default_factory=list)
    cost: Cost | None = None
    cost_change: str = ""
    links: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    smoke: dict[str, Any] | None = None
    regression: dict[str, Any] | None = None
    comparison: Comparison | None = None
    rollout: list[Moment] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    seconds: float = 0.0
    error: str = ""

    def to_json(self) -> str:
        """Everything, as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_markdown(self) -> str:
        """What a person wants to know, as Markdown."""
        lines = [self._title, ""]
        if self.error:
            lines += [f"**{self.error}**", ""]
        lines += table(
            ("", ""),
            [
                (name, value)
                for name, value in (
                    ("plan", self.plan),
                    ("endpoint", f"`{self.endpoint}` in {self.region}"),
                    ("digest", f"`{self.digest}`" if self.digest else ""),
                    ("git SHA", self.git_sha),
                    ("release", f"`{self.release}`" if self.release else ""),
                    ("before", f"`{self.previous}`" if self.previous else ""),
                    ("changed", "; ".join(self.changes)),
                    ("cost", self.cost.text if self.cost else ""),
                    ("change of cost", self.cost_change),
                    ("image", f"{self.image_bytes / 1e6:.1f} MB compressed" if self.image_bytes else ""),
                    ("pushed", _pushed(self.published)),
                    ("alarms", ", ".join(f"`{name}`" for name in self.alarms)),
                    ("beside the live image", self._regression()),
                    ("smoke test", self._smoke()),
                    ("removed", ", ".join(f"`{name}`" for name in self.removed)),
                    ("skipped", "; ".join(self.skipped)),
                    ("in the console", links_of(self.links)),
                    ("time", " · ".join(f"{step.name} {step.seconds:.1f} s" for step in self.steps)),
                )
                if value
            ],
        )
        if self.comparison:
            lines.append(self.comparison.to_markdown())
        if self.smoke and self.smoke["detections"]:
            lines += ["", *detections_table(self.smoke["detections"])]
        return "\n".join([*lines, *(["", *(f"- {note}" for note in self.notes)] if self.notes else [])]) + "\n"

    def to_message(self) -> str:
        """The same in a few lines, for a chat or an e-mail."""
        where = f"`{self.endpoint}` in {self.region}"
        what = f"`{self.digest}` (git {self.git_sha})" if self.digest else ""
        lines = [
            self._title,
            f"**{self.error}**" if self.error else "",
            f"{what} on {where}" if what else where,
            "; ".join(self.changes),
            self.cost.text if self.cost else "",
            f"change of cost: {self.cost_change}" if self.cost_change else "",
            self.links.get("endpoint", ""),
        ]
        return "\n".join(line for line in lines if line) + "\n"

    @property
    def _title(self) -> str:
        titles = {"done": "is done", "unchanged": "had nothing to do", "failed": "failed", "running": "was interrupted"}
        return f"## {self.verb} to {self.environment} {titles[self.outcome]}"

    def _regression(self) -> str:
        return "; ".join(gate["sentence"] for gate in self.regression["gates"]) if self.regression else ""

    def _smoke(self) -> str:
        if not self.smoke:
            return ""
        build, took = self.smoke["build"][:12], self.smoke["milliseconds"]
        return f"{self.smoke['verdict']}; build `{build}` answered in {took:.0f} ms"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A Markdown table whose columns line up in a terminal too."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    line = "| " + " | ".join("{:<%d}" % width for width in widths) + " |"  # noqa: UP031
    return [
        line.format(*head),
        "|" + "|".join("-" * (width + 2) for width in widths) + "|",
        *(line.format(*row) for row in rows),
    ]


def detections_table(detections: tuple[Detection, ...] | list[Detection]) -> list[str]:
    """Detections as a Markdown table; boxes in pixels, and none where a class was given to the whole picture."""
    if not any(one.box for one in detections):
        return table(("class", "score"), [(one.label, f"{one.score:.3f}") for one in detections])
    return table(
        ("class", "score", "box (x1, y1, x2, y2)"),
        [(one.label, f"{one.score:.3f}", ", ".join(f"{edge:.1f}" for edge in one.box)) for one in detections],
    )


def links_of(links: dict[str, str]) -> str:
    """Addresses by what they show, as Markdown."""
    return " · ".join(f"[{name}]({address})" for name, address in links.items())


def _pushed(published: Published | None) -> str:
    if published is None:
        return ""
    if not published.changed:
        return "nothing, the image was there"
    return f"{published.bytes_pushed:,} bytes in {published.blobs_pushed} blobs, {published.blobs_skipped} were there"
