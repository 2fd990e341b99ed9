"""Measures the daily loop, the image and the server on this machine, and writes the tables of docs/benchmarks.md anew.

`make bench`, or one part of it: `make bench PART=serving`. Nothing is asserted: figures of a machine say something
about another only as ratios of one run.
"""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import anyio

from tests.bench import regions
from tests.pipeline.project import Project

PAGE = Path(__file__).parents[2] / "docs/benchmarks.md"
BEGIN, END = "<!-- made by make bench: {} -->", "<!-- end: {} -->"
PLOT = PAGE.with_name("benchmarks-serving.svg")
ALT = "Requests per second of each server, with the raw runtimes as lines"
RUNS = 5
ROUNDS, SECONDS = 3, 2.0
"""Of the comparison of servers: each is measured so often and so long with each number of clients."""

LOAD = os.getloadavg()[0]

Row = tuple[str, str, str]


def main(parts: list[str]) -> None:
    """Measure the parts, all unless some are named; print the tables and put them into the page."""
    for part in parts or PARTS:
        table = PARTS[part]()
        sys.stdout.write(table)
        begin, end = BEGIN.format(part), END.format(part)
        text = PAGE.read_text()
        before, after = text.split(begin)[0], text.split(end)[1]
        PAGE.write_text(f"{before}{begin}\n\n{table}\n{end}{after}")


def _deployments() -> str:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        project = Project.make(Path(folder))
        project.deploy()
        rows = [*_loop(project), *_calls(project), *_image(project)]
        project.call("destroy", "--env", "dev")
    return _table(rows)


def _serving() -> str:
    # The engine's client takes half a second to import.
    from tests.bench.serving import container

    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        anyio.run(container.run, Path(folder), ROUNDS, SECONDS)
        shutil.copyfile(Path(folder, "serving.svg"), PLOT)
        tables = Path(folder, "tables.md").read_text()
    return f"{_about()}; medians of {ROUNDS} rounds of {SECONDS:g} s.\n\n![{ALT}]({PLOT.name})\n\n{tables}"


def _regions() -> str:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return _table(regions.run(Path(folder)), regions.RUNS)


PARTS: dict[str, Callable[[], str]] = {"deployments": _deployments, "serving": _serving, "regions": _regions}


def _loop(project: Project) -> list[Row]:
    """A deployment with nothing changed, and after an edit of one line of the server."""
    unchanged = _seconds(lambda _: project.deploy())
    reports: list[dict[str, Any]] = []
    server = project.path / "inference/server.py"
    text = server.read_text()

    def edit(run: int) -> None:
        server.write_text(f"{text}# edit {run}\n")
        reports.append(project.deploy())

    edited = _seconds(edit)
    server.write_text(text)
    pushed = max(report["published"]["bytes_pushed"] for report in reports)
    rollout = statistics.median(
        step["seconds"] for report in reports for step in report["steps"] if step["name"] == "rollout"
    )
    return [
        ("`dagger call deploy`, nothing changed", _spread(unchanged), "≤ 5 s"),
        ("`dagger call deploy` after a one-line edit of `inference/server.py`", _spread(edited), "≤ 15 s"),
        ("… of it the blue/green rollout in the local cloud", f"{rollout:.1f} s", ""),
        ("… bytes pushed", f"{pushed:,}", "≤ 100,000"),
    ]


def _calls(project: Project) -> list[Row]:
    """What the module itself costs."""
    status = _seconds(lambda _: project.live())
    module = project.path / "ci/src/slipway/main.py"
    text = module.read_text()

    def edit(run: int) -> None:
        module.write_text(f"{text}# edit {run}\n")
        subprocess.run(["dagger", "--silent", "functions"], cwd=project.path, check=True, stdout=subprocess.DEVNULL)

    load = _seconds(edit)
    module.write_text(text)
    return [
        ("`dagger call status`: an uncached call with the local cloud's start", _spread(status), ""),
        ("`dagger functions` after an edit of the module", _spread(load), "≤ 8 s"),
    ]


def _image(project: Project) -> list[Row]:
    """Sizes, and how the server does on this machine: what the contract measures."""
    unpacked = project.call("image", "with-exec", "--args", "du,-sxB1,/", "stdout").split()[0]
    with tempfile.TemporaryDirectory() as folder:
        project.call("contract", "export", "--path", folder)
        clauses = json.loads(Path(folder, "contract.json").read_text())["clauses"]
    found = {clause["name"]: clause["findings"] for clause in clauses}
    load = found["ping-under-load"]
    return [
        ("image, unpacked", f"{int(unpacked) / 1e6:.0f} MB", "≤ 250 MB"),
        ("start to first good /ping", f"{found['listen']['ready_after_s']} s", ""),
        ("requests/s at full load, 320 px model, load from the same cores", f"{load['requests_per_s']}", ""),
        ("/ping under that load, p99", f"{load['ping_p99_ms']} ms", "≤ 5 ms"),
    ]


def _seconds(run: Callable[[int], object]) -> list[float]:
    """Wall seconds of each of some runs, after one that warms the caches."""
    times = []
    for number in range(RUNS + 1):
        start = time.perf_counter()
        run(number)
        times.append(time.perf_counter() - start)
    return times[1:]


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.1f} s ({min(times):.1f}-{max(times):.1f})"


def _table(rows: list[Row], runs: int = RUNS) -> str:
    lines = [
        f"{_about()}; median of {runs} runs (range).",
        "",
        "| what | measured | goal |",
        "|---|---|---|",
        *(f"| {what} | {measured} | {goal} |" for what, measured, goal in rows),
    ]
    return "\n".join(lines) + "\n"


def _about() -> str:
    """Day, machine, and what else it was doing: with a load above its cores, times say little and ratios less."""
    machine = f"{os.cpu_count()} cores ({_processor()}), Linux {platform.release()}"
    return f"{date.today().isoformat()}, {machine}, load average before {LOAD:.1f}, `make bench`"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main(sys.argv[1:])
