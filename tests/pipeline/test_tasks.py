"""A checkpoint of every task, as a person gives it: exported, compared with ultralytics, answered for."""

import json
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import dagger
import pytest
from dagger import dag
from slipway.model import OUT, TRAINING, laboratory, step

from inference.decode import decode
from inference.pipeline import Pipeline
from infra.release.findings import read
from infra.release.invocation import Answer, read_sample
from infra.release.smoke import judge
from infra.settings import Smoke
from tests.pipeline.checkout import ROOT
from tests.pipeline.project import Project

pytestmark = pytest.mark.timeout(900)

# What only this task's comparison tells.
FIGURES: dict[str, set[str]] = {
    "segment": {"mask_iou", "limit_mask_iou"},
    "pose": {"max_keypoint_difference_px"},
    "obb": {"max_corner_difference_px"},
    "classify": set(),
}


async def make(out: Path) -> None:
    """Runs checkpoints.py where the pipeline trains, on what it trained; the engine keeps what they made."""
    # Without a place for its log the session waits for somebody to read it.
    async with dagger.connection(dagger.Config(log_output=sys.stderr)):
        host = dag.host()
        lab = await laboratory(host.directory(str(ROOT), include=["pyproject.toml", "uv.lock"]))
        code = host.directory(str(ROOT / "inference"), include=TRAINING)
        demo = step(lab, code, "train", "--out", OUT).file("best.pt")
        made = (
            lab.with_directory("/src/inference", code)
            .with_file("/src/checkpoints.py", host.file(str(ROOT / "tests/pipeline/checkpoints.py")))
            .with_file("/demo.pt", demo)
            .with_directory(OUT, dag.directory())
            .with_exec(["python3", "checkpoints.py", "/demo.pt", OUT])
        )
        await made.directory(OUT).export(str(out))


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with TASK.pt for each."""
    out = tmp_path_factory.mktemp("checkpoints")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGGER_NO_NAG", "1")
        # The one that is there, where the library would fetch its own.
        environment.setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", shutil.which("dagger") or "dagger")
        anyio.run(make, out)
    yield out


@pytest.mark.parametrize("task", FIGURES)
def test_the_image_answers_what_ultralytics_predicts(task: str, checkpoints: Path, tmp_path: Path) -> None:
    words = ["model", "--weights", str(checkpoints / f"{task}.pt"), "directory", "export", "--path", str(tmp_path)]
    Project(ROOT).call(*words)
    described: dict[str, Any] = json.loads((tmp_path / "model.json").read_text())
    assert described["task"] == task
    report: dict[str, Any] = json.loads((tmp_path / "parity.json").read_text())
    assert report["passed"] is True
    assert report["boxes"] == report["matched"] >= 10
    assert set(report) & {name for names in FIGURES.values() for name in names} == FIGURES[task]
    sample = read_sample(tmp_path / "sample.jpg", tmp_path / "sample.json")
    assert sample.expected
    pipeline = Pipeline.load(tmp_path, workers=1, threads=1, max_pixels=10_000_000)
    body = pipeline.answer(partial(decode, sample.picture), pipeline.defaults, pipeline.networks[0])
    told = judge(Answer("b", "m", False, read(body), 1.0, "main", body), sample, Smoke(), mock=False)
    assert told.startswith(f"{len(sample.expected)} of {len(sample.expected)} detections match")
