"""The picture that the smoke test sends, and what ultralytics finds in it."""

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps

from inference.model import directory, held, reference, shapes, weights
from inference.model.matching import Detection

PICTURE: Final = "sample.jpg"
EXPECTED: Final = "sample.json"
# Twice the network's width and not square: it is scaled down and padded on its way in.
PROPORTIONS: Final = (2.0, 1.5)
CANDIDATES: Final = 8
# A score this close to the threshold may fall on either side of it on another processor.
MARGIN: Final = 0.05


def sample(checkpoint: weights.Checkpoint, folder: Path, picture: Path | None = None) -> int:
    """Write `sample.jpg` and `sample.json` into the model directory `folder`; return how many objects are expected.

    Without a `picture`, the drawn one with the most detections is taken. Raises `InputError` when `folder` holds no
    model or the picture cannot be read.
    """
    model = directory.load(folder).model
    with tempfile.TemporaryDirectory(prefix="sample-") as scratch:
        paths = [_given(picture, Path(scratch))] if picture else _drawn(Path(scratch), model.image_size)
        # After the picture is known to be sound: nothing of the checkpoint runs for nothing.
        yolo = weights.load(checkpoint)
        candidates = [
            (reference.predict(yolo, path, model.image_size, model.confidence, model.iou), path) for path in paths
        ]
        seen, path = max(candidates, key=lambda candidate: _clear(candidate[0], model.confidence))
        shutil.copyfile(path, folder / PICTURE)
    content = {"detections": [asdict(detection) for detection in seen]}
    (folder / EXPECTED).write_text(json.dumps(content, indent=2) + "\n")
    return len(seen)


def _clear(seen: list[Detection], confidence: float) -> int:
    """How many objects there are to compare; none when one of them is doubtful."""
    return len(seen) if all(detection.score >= confidence + MARGIN for detection in seen) else 0


def _drawn(folder: Path, image_size: int) -> list[Path]:
    wide, tall = PROPORTIONS
    paths = []
    for index in range(CANDIDATES):
        paths.append(folder / f"{index}.jpg")
        size = round(image_size * wide), round(image_size * tall)
        shapes.draw(shapes.HELD_SEED, held.FIRST_SAMPLE + index, size, scale=wide).image.save(paths[-1], quality=90)
    return paths


def _given(picture: Path, folder: Path) -> Path:
    """The picture as a JPEG: as it is when it is one, else upright and converted."""
    if held.kind(picture) == "JPEG":
        return picture
    copy = folder / PICTURE
    with Image.open(picture) as image:
        ImageOps.exif_transpose(image).convert("RGB").save(copy, quality=95)
    return copy
