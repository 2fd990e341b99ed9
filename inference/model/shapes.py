"""Pictures of coloured shapes, each known to the pixel: the data that the demonstration model learns.

The label of a shape goes with its colour (a circle is red, a square green, a triangle blue) and its
side is 20 to 80 pixels *as the network sees it*. A detector trained on that finds shapes of that many
pixels at any input size, but not larger ones, so a picture that is scaled down on its way into the
network is drawn with a `scale` above 1.
"""

import colorsys
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

LABELS: Final = ("circle", "square", "triangle")
SMALLEST: Final = 20
LARGEST: Final = 80
# Degrees of hue around which a label's colour is drawn, and how far it may stray.
HUES: Final = (0, 120, 240)
HUE_SPREAD: Final = 20
# Free pixels between two shapes and around the picture.
MARGIN: Final = 3
# Drawn this much larger and scaled down, for smooth edges.
OVERSAMPLING: Final = 4
ATTEMPTS: Final = 60
# Pictures that are held back for comparing come from this seed; training draws from smaller ones only.
HELD_SEED: Final = 1_000_000

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shape:
    """One shape: index into `LABELS`, and its tight box (x1, y1, x2, y2) in pixels of the picture."""

    class_id: int
    box: Box

    @property
    def label(self) -> str:
        """The name of the class."""
        return LABELS[self.class_id]


@dataclass(frozen=True)
class Picture:
    """An RGB picture and every shape in it."""

    image: Image.Image
    shapes: tuple[Shape, ...]


def draw(seed: int, index: int, size: tuple[int, int] = (160, 160), scale: float = 1.0, most: int = 4) -> Picture:
    """Draw the picture that belongs to (`seed`, `index`): 1 to `most` shapes that do not touch one another.

    `size` is (width, height) in pixels; the sides of the shapes are `SMALLEST`..`LARGEST` times `scale`.
    The same arguments give the same pixels.
    """
    random = np.random.default_rng((seed, index))
    width, height = size
    background = _background(random, width, height)
    canvas = background.resize((width * OVERSAMPLING, height * OVERSAMPLING), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(canvas)
    shapes: list[Shape] = []
    for _ in range(int(random.integers(1, most + 1))):
        box = _free_place(random, width, height, scale, [shape.box for shape in shapes])
        if box is None:
            break
        shape = Shape(int(random.integers(len(LABELS))), box)
        _paint(pen, shape, _colour(random, shape.class_id))
        shapes.append(shape)
    image = canvas.resize(size, Image.Resampling.BOX)
    grain = random.normal(0, 4, (height, width, 3))
    noisy = np.clip(np.asarray(image, dtype=np.float64) + grain, 0, 255).round().astype(np.uint8)
    return Picture(Image.fromarray(noisy), tuple(shapes))


def overlap(a: Box, b: Box, margin: float = 0.0) -> bool:
    """Whether two boxes come closer to each other than `margin` pixels."""
    return a[0] < b[2] + margin and b[0] < a[2] + margin and a[1] < b[3] + margin and b[1] < a[3] + margin


def _free_place(random: np.random.Generator, width: int, height: int, scale: float, taken: list[Box]) -> Box | None:
    largest = min(LARGEST * scale, width - 2 * MARGIN, height - 2 * MARGIN)
    for _ in range(ATTEMPTS):
        side = int(random.integers(int(SMALLEST * scale), int(largest) + 1))
        x = int(random.integers(MARGIN, width - MARGIN - side + 1))
        y = int(random.integers(MARGIN, height - MARGIN - side + 1))
        box = (float(x), float(y), float(x + side), float(y + side))
        if not any(overlap(box, other, MARGIN) for other in taken):
            return box
    return None


def _background(random: np.random.Generator, width: int, height: int) -> Image.Image:
    """A grey slope with a slight tint: nothing as saturated as a shape."""
    corners = random.uniform(60, 200, (2, 2, 1)) + random.uniform(-15, 15, (2, 2, 3))
    pixels = Image.fromarray(corners.round().astype(np.uint8))
    return pixels.resize((width, height), Image.Resampling.BILINEAR)


def _colour(random: np.random.Generator, class_id: int) -> tuple[int, int, int]:
    hue = (HUES[class_id] + random.uniform(-HUE_SPREAD, HUE_SPREAD)) % 360 / 360
    red, green, blue = colorsys.hsv_to_rgb(hue, random.uniform(0.7, 1.0), random.uniform(0.6, 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def _paint(pen: ImageDraw.ImageDraw, shape: Shape, colour: tuple[int, int, int]) -> None:
    x1, y1, x2, y2 = (edge * OVERSAMPLING for edge in shape.box)
    # Pillow fills the last row and column too; a box ends before them.
    x2, y2 = x2 - 1, y2 - 1
    match shape.label:
        case "circle":
            pen.ellipse((x1, y1, x2, y2), fill=colour)
        case "square":
            pen.rectangle((x1, y1, x2, y2), fill=colour)
        case "triangle":
            pen.polygon([((x1 + x2) / 2, y1), (x2, y2), (x1, y2)], fill=colour)
