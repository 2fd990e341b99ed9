"""The picture that the smoke test sends, and what ultralytics finds in it."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from inference.model import directory, held, reference, shapes, weights
from inference.model.matching import Detection
from inference.model.outlines import outlines

PICTURE: Final = "sample.jpg"
EXPECTED: Final = "sample.json"
# Twice the network's width and not square: it is scaled down and padded on its way in.
PROPORTIONS: Final = (2.0, 1.5)
CANDIDATES: Final = 8
# Of the classes of a picture, as many as the image answers with.
CLASSES: Final = 5
# A score this close to the threshold may fall on either side of it on another processor.
MARGIN: Final = 0.05


def sample(checkpoint: weights.Checkpoint, folder: Path, picture: Path | None = None) -> int:
    """Write `sample.jpg` and `sample.json` into the model directory `folder`; return how many objects are expected.

    Without a `picture`, the drawn one with the most detections, or the surest class, is taken. Raises `InputError` when
    `folder` holds no model or the picture cannot be read.
    """
    model = directory.load(folder).model
    with tempfile.TemporaryDirectory(prefix="sample-") as scratch:
        paths = [_given(picture, Path(scratch))] if picture else _drawn(Path(scratch), model.image_size)
        # After the picture is known to be sound: nothing of the checkpoint runs for nothing.
        yolo = weights.load(checkpoint)
        candidates = [(reference.predict(yolo, path, model, model.confidence), path) for path in paths]
        clear = _decided if model.task == "classify" else _clear
        seen, path = max(candidates, key=lambda candidate: clear(candidate[0], model.confidence))
        shutil.copyfile(path, folder / PICTURE)
    content = _expected(seen, model.task)
    (folder / EXPECTED).write_text(json.dumps(content, indent=2) + "\n")
    return len(seen)


def _expected(seen: list[Detection], task: str) -> dict[str, Any]:
    """What the answer to the picture must say, in the answer's own terms."""
    if task == "classify":
        return {"task": task, "classifications": [{"label": one.label, "score": one.score} for one in seen[:CLASSES]]}
    told: list[dict[str, Any]] = []
    for one in seen:
        told.append({"label": one.label, "score": one.score, "box": one.box})
        if one.corners:
            told[-1]["corners"] = one.corners
        if one.keypoints:
            told[-1]["keypoints"] = one.keypoints
        if one.mask is not None:
            told[-1]["polygons"] = outlines(one.mask)
    return {"task": task, "detections": told}


def _clear(seen: list[Detection], confidence: float) -> float:
    """How many objects there are to compare; none when one of them is doubtful."""
    return len(seen) if all(detection.score >= confidence + MARGIN for detection in seen) else 0


def _decided(seen: list[Detection], _: float) -> float:
    """By how much the best class is ahead of the next."""
    return seen[0].score - seen[1].score if len(seen) > 1 else 0.0


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
