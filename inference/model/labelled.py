"""`python -m inference.model.labelled`: held pictures with what is in them, for comparing two images of the demo model.

Labels are in YOLO's format, `NAME.txt` beside the picture: class, centre x and y, width, height, as shares of it. A
model of other classes finds nothing in drawings of shapes, and a mock invents what it finds: for these there are no
labels, and for the first no pictures either.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from inference.model import held, shapes

FIRST: Final = 3_000
"""Pictures from this number on are compared; those before show parity, become the sample or calibrate."""


def write(model: Path, folder: Path, count: int) -> bool:
    """Draw `count` pictures for the model in the directory `model`; False where drawings say nothing about it."""
    about = json.loads((model / "model.json").read_text())
    if not about["is_mock"] and tuple(about["labels"]) != shapes.LABELS:
        folder.mkdir(parents=True, exist_ok=True)
        return False
    paths = held.write(folder, count, about["image_size"], FIRST)
    if about["is_mock"]:
        return True
    for index, path in enumerate(paths):
        picture = held.draw(FIRST, index, about["image_size"])
        lines = [_line(shape, *picture.image.size) for shape in picture.shapes]
        path.with_suffix(".txt").write_text("".join(lines))
    return True


def _line(shape: shapes.Shape, width: int, height: int) -> str:
    x1, y1, x2, y2 = shape.box
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return f"{shape.class_id} {' '.join(f'{share:.6f}' for share in shares)}\n"


def main() -> int:
    """Exit code 0, also where there is nothing to draw."""
    parser = argparse.ArgumentParser(prog="python -m inference.model.labelled", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model directory")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=28, help="how many pictures")
    given = parser.parse_args()
    done = write(given.model, given.out, given.count)
    print(f"labelled: {given.count} pictures" if done else "labelled: none, the model knows no shapes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
