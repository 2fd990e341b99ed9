"""The comparison as a picture: requests per second, with the raw runtimes as lines that nobody passes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from tests.bench.serving.clients import Figures
from tests.bench.serving.names import LARGE, is_raw


def draw(found: Sequence[Figures], clients: Sequence[int], target: Path) -> None:
    """A group of bars for each number of clients."""
    import matplotlib as mpl

    mpl.use("svg")
    # Equal figures give an equal file.
    mpl.rcParams.update({"svg.hashsalt": "slipway", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot

    def rate(name: str, count: int) -> float:
        return statistics.median(one.requests_per_s for one in found if (one.contender, one.clients) == (name, count))

    seen = {(one.contender, one.clients) for one in found}
    names = dict.fromkeys(one.contender for one in found)
    servers = [name for name in names if not is_raw(name) and name != LARGE]
    figure, axes = pyplot.subplots(figsize=(8, 4), layout="constrained")
    width = 0.8 / len(servers)
    for number, name in enumerate(servers):
        asked = [(place, count) for place, count in enumerate(clients) if (name, count) in seen]
        places = [place + (number - (len(servers) - 1) / 2) * width for place, _ in asked]
        bars = axes.bar(places, [rate(name, count) for _, count in asked], width, label=name)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    raw = {name: rate(name, count) for name, count in seen if is_raw(name)}
    for style, runtime in (("--", "onnxruntime"), (":", "OpenVINO")):
        name = max((name for name in raw if name.startswith(runtime)), key=raw.__getitem__)
        axes.axhline(raw[name], linestyle=style, color="black", linewidth=1, label=name)
    axes.set_xticks(range(len(clients)), [f"{count} client{'s' * (count > 1)}" for count in clients])
    axes.set_ylabel("requests per second")
    axes.set_ylim(0, max(raw.values()) * 1.6)
    axes.legend(fontsize=7, ncols=2, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(target, metadata={"Date": None})
