"""The rollout as a picture: the new release's share of the traffic, answers and their latency, alarms, stages; SVG."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.release.recording import Moment
    from infra.release.report import Report

WIDTH, HEIGHT = 860, 460
LEFT, RIGHT = 60, 840
SHARE, LATENCY = (70, 210), (270, 410)
"""Top and bottom of the two panels, in pixels."""
OLD, NEW, ALARM = "#8a8a8a", "#1f6feb", "#cf222e"
_STEEPEST: Final = 4.0
"""Times the median latency that the panel reaches at most."""
_STYLE = "text{font:12px sans-serif;fill:#24292f}.axis{stroke:#d0d7de}.stage{stroke:#8a8a8a;stroke-dasharray:3 3}"


def draw(report: Report) -> str:
    """One picture of a deployment, promotion or rollback; where nothing was rolled out, it says so."""
    moments = report.rollout
    title = f"{report.verb} to {report.environment} in {report.region}: {report.outcome}"
    parts = [_text(LEFT, 24, title, "font-weight:bold;font-size:14px")]
    parts += [_text(LEFT, 44, f"{report.release} · {report.digest}")]
    if moments:
        scale = Scale(moments[0].seconds, max(moments[-1].seconds - moments[0].seconds, 1.0))
        for panel in (_shares, _latencies, _stages, _alarms):
            parts += panel(moments, scale)
        parts += [_text(RIGHT, LATENCY[1] + 34, f"{scale.length:.0f} s in all", "text-anchor:end")]
    else:
        parts.append(_text(LEFT, 80, "Nothing was rolled out."))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def stack(pictures: Sequence[str]) -> str:
    """Pictures of several regions, one under the other."""
    placed = [
        one.replace("<svg ", f'<svg y="{HEIGHT * number}" width="{WIDTH}" height="{HEIGHT}" ', 1)
        for number, one in enumerate(pictures)
    ]
    size = f"0 0 {WIDTH} {HEIGHT * len(placed)}"
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img">\n{"".join(placed)}</svg>\n'


@dataclass(frozen=True)
class Scale:
    """Seconds to pixels: when the rollout was first seen, and how long it took."""

    begin: float
    length: float

    def x(self, moment: Moment) -> float:
        """Where a moment is."""
        return round(LEFT + (RIGHT - LEFT) * (moment.seconds - self.begin) / self.length, 1)


def _y(panel: tuple[int, int], share: float) -> float:
    return round(panel[1] - (panel[1] - panel[0]) * share, 1)


def _text(x: float, y: float, text: str, style: str = "") -> str:
    return f'<text x="{x}" y="{y}" style="{style}">{escape(text)}</text>'


def _panel(panel: tuple[int, int], name: str, top: str) -> Iterator[str]:
    for y, label in ((panel[0], top), (panel[1], "0")):
        yield f'<line class="axis" x1="{LEFT}" x2="{RIGHT}" y1="{y}" y2="{y}"/>'
        yield _text(LEFT - 8, y + 4, label, "text-anchor:end")
    yield _text(LEFT, panel[0] - 8, name)


def _shares(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    yield from _panel(
        SHARE, "traffic of the new release, by the stage of the rollout; the rest is the old one's", "100 %"
    )
    corners = [(scale.x(moments[0]), _y(SHARE, moments[0].share / 100))]
    for before, after in pairwise(moments):
        x = scale.x(after)
        corners += [(x, _y(SHARE, before.share / 100)), (x, _y(SHARE, after.share / 100))]
    line = " ".join(f"{x},{y}" for x, y in corners)
    area = f"{corners[0][0]},{SHARE[1]} {line} {corners[-1][0]},{SHARE[1]}"
    yield f'<polygon points="{area}" fill="{NEW}" fill-opacity="0.15"/>'
    yield f'<polyline points="{line}" fill="none" stroke="{NEW}" stroke-width="2"/>'


def _latencies(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    asked = [one for one in moments if one.milliseconds is not None]
    took = [one.milliseconds or 0.0 for one in asked]
    # One slow answer, such as a container's first, must not press all others to the ground: it is drawn at the top.
    highest = min(max(took), _STEEPEST * median(took)) if took else 0.0
    yield from _panel(LATENCY, "latency of a picture sent meanwhile, by who answered", f"{highest:.0f} ms")
    if not asked:
        yield _text(LEFT + 10, LATENCY[0] + 24, "No picture was sent during this rollout.")
        return
    # Who answered first was there before, unless nobody else ever answered.
    builds = list(dict.fromkeys(one.build for one in asked))
    colours = dict(zip(builds, (OLD, NEW) if len(builds) > 1 else (NEW,), strict=False))
    for one in asked:
        beyond = (one.milliseconds or 0.0) > highest
        y = _y(LATENCY, 1.0 if beyond else (one.milliseconds or 0.0) / (highest or 1.0))
        if beyond:
            yield _text(scale.x(one) + 6, y + 4, f"{one.milliseconds:.0f} ms")
        told = f"{one.seconds:.1f} s: build {one.build[:12]} in {one.milliseconds:.0f} ms"
        yield f'<circle cx="{scale.x(one)}" cy="{y}" r="3" fill="{colours.get(one.build, NEW)}"><title>'
        yield f"{escape(told)}</title></circle>"
    for number, build in enumerate(builds):
        x = LEFT + number * 200
        yield f'<circle cx="{x + 6}" cy="{LATENCY[1] + 30}" r="4" fill="{colours.get(build, NEW)}"/>'
        yield _text(x + 16, LATENCY[1] + 34, f"build {build[:12]}")


def _stages(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    last, row = "", 0
    for one in moments:
        # `main Baking 2/2 instances` → `Baking`
        stage = next((word for word in one.stage.split() if word in _STAGES), one.status)
        if stage == last:
            continue
        last, x, row = stage, scale.x(one), row + 1
        yield f'<line class="stage" x1="{x}" x2="{x}" y1="{SHARE[0]}" y2="{LATENCY[1]}"/>'
        anchor = "text-anchor:end" if x > RIGHT - 120 else ""
        yield _text(x + (-4 if anchor else 4), SHARE[1] + 16 + row % 2 * 14, stage, anchor)


_STAGES = frozenset({"Creating", "Updating", "Deleting", "ActivatingTraffic", "Baking"})


def _alarms(moments: Sequence[Moment], scale: Scale) -> Iterator[str]:
    rung: set[str] = set()
    for one in moments:
        for name in set(one.alarms) - rung:
            rung.add(name)
            x = scale.x(one)
            yield f'<line x1="{x}" x2="{x}" y1="{SHARE[0]}" y2="{LATENCY[1]}" stroke="{ALARM}" stroke-width="2"/>'
            metric = name.split("/")[-2] if name.count("/") >= 2 else name
            yield _text(x + 4, SHARE[0] + 14 * len(rung), f"alarm {metric}", f"fill:{ALARM}")
