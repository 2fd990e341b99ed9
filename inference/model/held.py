"""Pictures that no training has seen, in the sizes and formats that people send."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from PIL import Image

from inference.model import shapes
from inference.model.errors import InputError

# Pictures from this number on are not compared, but may become the sample.
FIRST_SAMPLE: Final = 1_000
# Pictures from this number on only show a quantization which inputs there are.
FIRST_CALIBRATION: Final = 2_000
# Width and height as multiples of the network's side: as large, wide, tall, odd, scaled down, scaled up.
PROPORTIONS: Final = ((1.0, 1.0), (1.0, 0.75), (0.6, 1.0), (1.53, 1.17), (2.0, 1.5), (3.0, 1.6875), (0.5, 0.375))
FORMATS: Final = (".jpg", ".png", ".webp")
GIVEN: Final = {".jpg", ".jpeg", ".png", ".webp"}


def write(folder: Path, count: int, image_size: int, first: int = 0) -> list[Path]:
    """Draw `count` pictures into `folder`, shapes as large for the network as those it was trained on.

    The pictures are those from number `first` on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(count):
        path = folder / f"{index:03}{FORMATS[index % len(FORMATS)]}"
        draw(first, index, image_size).image.save(path, quality=90)
        paths.append(path)
    return paths


def draw(first: int, index: int, image_size: int) -> shapes.Picture:
    """The picture that `write` makes as number `index`."""
    wide, tall = PROPORTIONS[index % len(PROPORTIONS)]
    size = round(image_size * wide), round(image_size * tall)
    return shapes.draw(shapes.HELD_SEED, first + index, size, scale=max(wide, tall))


def given(folder: Path) -> list[Path]:
    """The pictures in a folder, by name; raises `InputError` when there are none or one is broken."""
    paths = sorted(path for path in _files(folder) if path.suffix.lower() in GIVEN)
    if not paths:
        endings = ", ".join(sorted(GIVEN))
        raise InputError(f"There are no pictures in {folder}; give a folder with files that end in {endings}.")
    for path in paths:
        kind(path)
    return paths


def kind(path: Path) -> str:
    """The format of a picture that can be read to its end; raises `InputError` for any other file."""
    try:
        with Image.open(path) as image:
            image.load()
            return str(image.format)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        message = f"The picture {path} cannot be used ({error}); give an intact JPEG, PNG or WebP file."
        raise InputError(message) from error


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from folder.iterdir()
    except OSError as error:
        raise InputError(f"The pictures in {folder} cannot be read ({error.strerror}); check the path.") from error
