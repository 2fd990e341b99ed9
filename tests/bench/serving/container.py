"""The machine that all contenders share: one container, with Debian's torch and what the lock file says."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import dagger
from dagger import dag
from slipway import model, toolchain

ROOT = Path(__file__).parents[3]
SIDE = 640
CHECKPOINT = "/model/yolo11n.pt"
MAKE = "from ultralytics import YOLO; YOLO('yolo11n.yaml').save('{}')"
"""Random weights: speed does not depend on what they are."""


async def run(out: Path, rounds: int, seconds: float) -> None:
    """Makes the model, measures, and writes `figures.json`, `tables.md` and `serving.svg` into `out`."""
    async with dagger.connection(dagger.Config(log_output=sys.stderr)):
        host = dag.host()
        locks = host.directory(str(ROOT), include=["pyproject.toml", "uv.lock"])
        lab = await model.laboratory(locks)
        exported = (
            lab.with_exec(["mkdir", "/model"])
            .with_exec(["python3", "-c", MAKE.format(CHECKPOINT)])
            .with_directory("/src/inference", host.directory(str(ROOT / "inference"), include=model.EXPORT))
            .with_exec(["python3", "-m", "inference.model", "export", "--weights", CHECKPOINT, "--out", "/model"]
                       + ["--image-size", str(SIDE)])
            .directory("/model")
        )  # fmt: skip
        measured = (
            lab.with_directory("/locked", await toolchain.requirements(locks, "bench"))
            .with_exec(["pip", "install", "-q", "--no-cache-dir", "--no-deps", "-r", "/locked/requirements.txt"])
            .with_directory("/src/inference", host.directory(str(ROOT / "inference"), exclude=["**/__pycache__"]))
            .with_directory("/src/tests/bench/serving", host.directory(str(Path(__file__).parent), include=["*.py"]))
            .with_directory("/model", exported)
            .with_env_variable("BENCH_ROUNDS", str(rounds))
            .with_env_variable("BENCH_SECONDS", str(seconds))
            # What a machine does today is no reason not to ask again.
            .with_env_variable("BENCH_AT", str(time.time()))
            .with_exec(["python3", "-m", "tests.bench.serving.measure", "/model", CHECKPOINT, "/out"])
            .directory("/out")
        )
        await measured.export(str(out))
