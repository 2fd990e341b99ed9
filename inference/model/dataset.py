"""Shapes on disk, in the layout that ultralytics trains on."""

import json
from pathlib import Path

from inference.model import shapes

NAME = "shapes"


def write(folder: Path, seed: int, size: int = 160, training: int = 256, validation: int = 64) -> Path:
    """Write both splits under `folder` and return the description that ultralytics reads.

    Each picture is `size` x `size` pixels. The splits are drawn from different seeds, so none of the
    validation pictures is trained on.
    """
    for split, count, split_seed in (("train", training, seed), ("val", validation, seed + 1)):
        images = folder / "images" / split
        labels = folder / "labels" / split
        images.mkdir(parents=True)
        labels.mkdir(parents=True)
        for index in range(count):
            picture = shapes.draw(split_seed, index, (size, size))
            picture.image.save(images / f"{index:04}.jpg", quality=95)
            (labels / f"{index:04}.txt").write_text("".join(label_line(shape, size) for shape in picture.shapes))
    description = folder / f"{NAME}.yaml"
    names = dict(enumerate(shapes.LABELS))
    # JSON is YAML too; ultralytics wants the names keyed by number, which JSON's keys become when it reads them.
    content = {"path": str(folder), "train": "images/train", "val": "images/val"}
    lines = [f"{key}: {json.dumps(value)}" for key, value in content.items()]
    lines += ["names:"] + [f"  {number}: {name}" for number, name in names.items()]
    description.write_text("\n".join(lines) + "\n")
    return description


def label_line(shape: shapes.Shape, size: int) -> str:
    """One line of a label file: class, centre x and y, width, height, as fractions of the picture's side."""
    x1, y1, x2, y2 = shape.box
    return (
        f"{shape.class_id} {(x1 + x2) / 2 / size:.6f} {(y1 + y2) / 2 / size:.6f} "
        f"{(x2 - x1) / size:.6f} {(y2 - y1) / size:.6f}\n"
    )
