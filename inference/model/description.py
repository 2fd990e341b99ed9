"""`model.json`: what the image and the smoke test need to know about a model."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from inference.model import shapes
from inference.model.errors import InputError

FILE: Final = "model.json"
NETWORK: Final = "model.onnx"
CONFIDENCE: Final = 0.25
IOU: Final = 0.45
# The coarsest stride of a YOLO head: a side must be a multiple of it.
STRIDE: Final = 32
LARGEST_IMAGE_SIZE: Final = 4096
MOCK_IMAGE_SIZE: Final = 320


@dataclass(frozen=True)
class Description:
    """One model.

    `image_size` is the longest side of the input in pixels, which is a square unless the model is `rectangular`; boxes
    below `confidence` are dropped, and of two of a class that overlap by more than `iou` the better one is kept; a
    model that classifies has neither. `keypoint_shape` is of poses alone: how many keypoints, and how many numbers for
    each. `sha256` (hexadecimal) is of the network's file; a mock has no network and no hash.
    """

    name: str
    image_size: int
    labels: tuple[str, ...]
    sha256: str | None = None
    is_mock: bool = False
    confidence: float | None = CONFIDENCE
    iou: float | None = IOU
    task: str = "detect"
    rectangular: bool = False
    keypoint_shape: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Refuse what no model can have (`InputError`)."""
        if not self.name:
            raise InputError("The model has no name; give one with --name.")
        if not STRIDE <= self.image_size <= LARGEST_IMAGE_SIZE or self.image_size % STRIDE:
            message = (
                f"The image size {self.image_size} does not fit the network; "
                f"give a multiple of {STRIDE} up to {LARGEST_IMAGE_SIZE} with --image-size."
            )
            raise InputError(message)
        for name, value in (("confidence", self.confidence), ("iou", self.iou)):
            if value is not None and not 0 < value < 1:
                raise InputError(f"The {name} {value} is not between 0 and 1; change --{name}.")

    def write(self, folder: Path) -> None:
        """Write `model.json` into `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {key: value for key, value in asdict(self).items() if value is not None}
        (folder / FILE).write_text(json.dumps(content, indent=2) + "\n")


def mock() -> Description:
    """A model that only pretends: the image answers with invented boxes and says so."""
    return Description("mock-shapes", MOCK_IMAGE_SIZE, shapes.LABELS, is_mock=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
