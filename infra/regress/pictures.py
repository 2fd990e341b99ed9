"""A folder of pictures, and what is known to be in them: labels in YOLO's format, `NAME.txt` beside `NAME.jpg`."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from infra.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

MOST: Final = 500
"""Pictures that are taken, so that a folder of a whole data set does not keep a deployment for hours."""
KINDS: Final = ("image/jpeg", "image/png", "image/webp")


@dataclass(frozen=True)
class Object:
    """An object of a label file: class as a number, centre, width and height as shares of the picture."""

    class_id: int
    centre_x: float
    centre_y: float
    width: float
    height: float

    def box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """x1, y1, x2, y2 in pixels of a picture of that size."""
        left, top = (self.centre_x - self.width / 2) * width, (self.centre_y - self.height / 2) * height
        return left, top, left + self.width * width, top + self.height * height


@dataclass(frozen=True)
class Picture:
    """A picture as it is sent; `objects` is None where nobody has said what is in it."""

    name: str
    content_type: str
    data: bytes
    objects: tuple[Object, ...] | None


def read(folder: Path) -> list[Picture]:
    """Up to 500 pictures of a folder, by name; InputError where there are none or a label file cannot be read."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
        chosen = [path for path in files if mimetypes.guess_type(path.name)[0] in KINDS][:MOST]
        found = [_picture(path) for path in chosen]
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}; give a folder of pictures.") from None
    if not found:
        raise InputError(f"there are no pictures in {folder}; give a folder with JPEG, PNG or WebP files.")
    return found


def _picture(path: Path) -> Picture:
    kind, labels = mimetypes.guess_type(path.name)[0] or "", path.with_suffix(".txt")
    return Picture(path.name, kind, path.read_bytes(), _objects(labels) if labels.exists() else None)


def _objects(labels: Path) -> tuple[Object, ...]:
    found = []
    for number, line in enumerate(labels.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        words = line.split()
        if not words:
            continue
        try:
            found.append(_object(words))
        except ValueError:
            raise InputError(
                f"{labels.name} line {number} is {line[:60]!r}; write a class's number, centre x and y, width and "
                "height, each but the first as a share of the picture from 0 to 1."
            ) from None
    return tuple(found)


def _object(words: list[str]) -> Object:
    class_id, *shares = words
    x, y, width, height = map(float, shares)
    if not all(0 <= share <= 1 for share in (x, y, width, height)):
        raise ValueError(shares)
    return Object(int(class_id), x, y, width, height)
