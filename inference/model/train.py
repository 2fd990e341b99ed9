"""A small detector from nothing: YOLO11n on shapes, on the processor, in about two minutes."""

import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from inference.model import dataset, framework, shapes
from inference.model.errors import InputError, TrainingError

ARCHITECTURE: Final = "yolo11n.yaml"
IMAGE_SIZE: Final = 160
EPOCHS: Final = 12
MINIMUM_MAP50: Final = 0.95
# Colour is what tells the labels apart, so hue is left alone; mosaic would halve the shapes. About 200
# optimizer steps are needed: 256 pictures in batches of 16 for 12 epochs.
RECIPE: Final[dict[str, Any]] = {
    "optimizer": "AdamW",
    "lr0": 0.003,
    "batch": 16,
    "mosaic": 0.0,
    "scale": 0.2,
    "erasing": 0.0,
    "hsv_h": 0.0,
}


@dataclass(frozen=True)
class Metrics:
    """How good the best epoch was on the validation pictures, and what it took (seconds of wall time)."""

    map50: float
    map50_95: float
    epochs: int
    seconds: float


def train(out: Path, epochs: int = EPOCHS, seed: int = 0, minimum_map50: float = MINIMUM_MAP50) -> Metrics:
    """Train on generated shapes; write `best.pt` and `metrics.json` into `out`.

    Same seed, processor and libraries: same weights. Raises `InputError` for settings out of range and
    `TrainingError` when mAP50 stays below `minimum_map50`; then nothing is written.
    """
    if epochs < 1:
        raise InputError(f"Training takes at least one epoch, but {epochs} were asked for; give --epochs 1 or more.")
    if not 0 <= minimum_map50 <= 1:
        raise InputError(f"An mAP50 lies between 0 and 1, but {minimum_map50} was asked for; change --minimum-map50.")
    if not 0 <= seed < shapes.HELD_SEED - 1:
        last = shapes.HELD_SEED - 2
        message = f"The seed {seed} is not between 0 and {last}, where the held pictures begin; change --seed."
        raise InputError(message)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="shapes-") as scratch:
        best, accuracy = _fit(Path(scratch), epochs, seed)
        seconds = round(time.monotonic() - started, 1)
        metrics = Metrics(round(accuracy[0], 4), round(accuracy[1], 4), epochs, seconds)
        # This way round, because nothing compares with an accuracy that is not a number.
        if not metrics.map50 >= minimum_map50:
            message = (
                f"The model reached mAP50 {metrics.map50} in {epochs} epochs, below the {minimum_map50} asked for; "
                "train longer with --epochs, or try another --seed."
            )
            raise TrainingError(message)
        out.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(best, out / "best.pt")
        (out / "metrics.json").write_text(json.dumps(asdict(metrics), indent=2) + "\n")
    return metrics


def _fit(scratch: Path, epochs: int, seed: int) -> tuple[Path, tuple[float, float]]:
    """Run ultralytics' trainer; return the best checkpoint with its mAP50 and mAP50-95."""
    model = framework.yolo()(ARCHITECTURE)
    data = dataset.write(scratch / "data", seed, IMAGE_SIZE)
    model.add_callback("on_train_start", lambda _: framework.use_all_processors())
    model.add_callback("on_fit_epoch_end", _progress)
    model.train(
        data=str(data),
        epochs=epochs,
        imgsz=IMAGE_SIZE,
        seed=seed,
        deterministic=True,
        device="cpu",
        # Workers would be processes that share the same few processors.
        workers=0,
        amp=False,
        plots=False,
        verbose=False,
        project=str(scratch / "runs"),
        name=dataset.NAME,
        **RECIPE,
    )
    figures = model.trainer.metrics
    return Path(model.trainer.best), (float(figures["metrics/mAP50(B)"]), float(figures["metrics/mAP50-95(B)"]))


def _progress(trainer: Any) -> None:
    """Say where training is, one line an epoch."""
    # The last call comes after the final evaluation of the best epoch, which is not an epoch of its own.
    if trainer.epoch < trainer.epochs:
        map50 = trainer.metrics["metrics/mAP50(B)"]
        line = f"epoch {trainer.epoch + 1}/{trainer.epochs}: mAP50 {map50:.3f}, {trainer.epoch_time:.1f} s"
        print(line, file=sys.stderr, flush=True)
