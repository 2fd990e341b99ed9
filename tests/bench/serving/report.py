"""What the figures say, as tables: rates and times of every contender, and what was aimed at."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from tests.bench.serving.clients import Figures
from tests.bench.serving.names import CLIENTS, LARGE, OURS, is_raw

Rounds = list[Figures]
"""One contender with one number of clients, round by round."""


def tables(found: Sequence[Figures]) -> str:
    """Markdown. Ratios and differences are made within each round, and their median is told, with the range."""
    return "\n".join([*_rates(found), "", *_aims(found)]) + "\n"


def _rounds(found: Sequence[Figures], name: str, clients: int | None = None) -> Rounds:
    chosen = [one for one in found if one.contender == name and clients in (None, one.clients)]
    return sorted(chosen, key=lambda one: one.round)


def _rates(found: Sequence[Figures]) -> list[str]:
    head = " | ".join(f"{count} client{'s' * (count > 1)}: requests/s | p50, p99 ms | CPU ms each" for count in CLIENTS)
    lines = [f"| contender | {head} |", "|---" * (3 * len(CLIENTS) + 1) + "|"]
    for name in dict.fromkeys(one.contender for one in found):
        cells = []
        for count in CLIENTS:
            # A raw runtime has as many callers as it has places for inferences, whoever asks.
            rounds = _rounds(found, name, None if is_raw(name) and count == CLIENTS[0] else count)
            cells += [_rate(rounds), _times(rounds), f"{_cpu(rounds):.0f}" if rounds else ""]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _rate(rounds: Rounds) -> str:
    return f"{statistics.median(one.requests_per_s for one in rounds):.1f}" if rounds else ""


def _times(rounds: Rounds) -> str:
    if not rounds:
        return ""
    p50, p99 = (statistics.median(times) for times in zip(*((one.p50_ms, one.p99_ms) for one in rounds), strict=True))
    return f"{p50:.0f}, {p99:.0f}"


def _cpu(rounds: Rounds) -> float:
    return min(one.cpu_ms for one in rounds)


def _aims(found: Sequence[Figures]) -> list[str]:
    names = dict.fromkeys(one.contender for one in found)

    def best(chosen: Callable[[str], bool], worth: Callable[[Figures], float], clients: int | None) -> Rounds:
        candidates = [rounds for name in names if chosen(name) and (rounds := _rounds(found, name, clients))]
        return max(candidates, key=lambda rounds: statistics.median(map(worth, rounds)))

    bound = best(is_raw, lambda one: one.requests_per_s, None)
    quickest = best(is_raw, lambda one: -one.p50_ms, None)
    litserve = best(lambda name: name.startswith("LitServe"), lambda one: one.requests_per_s, 8)
    ours, alone, large = _rounds(found, OURS, 8), _rounds(found, OURS, 1), _rounds(found, LARGE, 1)
    return [
        "| aim | measured (range of the rounds) | goal |",
        "|---|---|---|",
        f"| 8 clients: {OURS} ÷ the best raw runtime ({bound[0].contender}) | {_ratio(ours, bound)} | ≥ 0.92 |",
        f"| 8 clients: {OURS} ÷ {litserve[0].contender} | {_ratio(ours, litserve)} | ≥ 1.7 |",
        f"| … by the least processor time of a request, {bound[0].contender} ÷ {OURS} | {_cpu(bound) / _cpu(ours):.2f} "
        "| |",
        f"| … the same, {litserve[0].contender} ÷ {OURS} | {_cpu(litserve) / _cpu(ours):.2f} | |",
        f"| 1 client: p50 of {OURS} less that of {quickest[0].contender} | {_more(alone, quickest)} | ≤ 5 ms |",
        f"| 1 client: p50 of 1080p less that of 640 px | {_more(large, alone)} | ≤ 8 ms |",
    ]


def _ratio(ours: Rounds, theirs: Rounds) -> str:
    ratios = [one.requests_per_s / other.requests_per_s for one, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def _more(ours: Rounds, theirs: Rounds) -> str:
    differences = [one.p50_ms - other.p50_ms for one, other in zip(ours, theirs, strict=True)]
    return f"{statistics.median(differences):.1f} ms ({min(differences):.1f} to {max(differences):.1f})"
