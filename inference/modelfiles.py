"""The model directory: which one is served, and what its model.json says."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inference.errors import ModelError

MOUNTED = Path("/opt/ml/model")
"""Where SageMaker unpacks model.tar.gz."""
BAKED = Path(__file__).parent.parent / "model"
"""Where the image carries its own: beside this package."""
STRIDE = 32
"""Pixels of the coarsest cell of a YOLO head: the sides of a rectangular input are multiples of it."""
TASKS = ("detect", "segment", "classify", "pose", "obb")
PERSON = (17, 3)
"""Keypoints of the people in COCO, and x, y and score of each."""


@dataclass(frozen=True)
class ModelFiles:
    """A model directory that has been read and checked; `weights` is None for a mock."""

    name: str
    digest: str
    """`sha256:` and the hexadecimal hash of model.onnx; of model.json for a mock, which has no other file."""
    task: str
    """One of TASKS."""
    image_size: int
    """Longest side of the network's input, in pixels."""
    labels: tuple[str, ...]
    confidence: float
    iou: float
    weights: Path | None
    rectangular: bool = False
    """Whether the input may be shorter than that on one side, by whole strides; else it is a square."""
    keypoint_shape: tuple[int, int] | None = None
    """For `pose`: how many keypoints, and how many numbers for each: 2 for x and y, 3 with a score."""

    @property
    def is_mock(self) -> bool:
        """True for a model that finds nothing real."""
        return self.weights is None


def find_model(wanted: Path | None, mounted: Path = MOUNTED, baked: Path = BAKED) -> Path:
    """The directory to serve: the wanted one, else /opt/ml/model when it holds a model.json, else the baked one."""
    if wanted is not None:
        return wanted
    return mounted if (mounted / "model.json").exists() else baked


def read_model(directory: Path) -> ModelFiles:
    """Reads and checks a model directory (docs/architecture.md); raises ModelError with the first thing wrong."""
    path = directory / "model.json"
    try:
        raw = path.read_bytes()
        description = json.loads(raw)
    except FileNotFoundError:
        raise ModelError(
            f"There is no model in {directory}: model.json is missing. Mount a model directory at /opt/ml/model, bake "
            "one into the image, or name one by SLIPWAY_MODEL_DIR."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read as JSON ({error}). Export the model again.") from None
    if not isinstance(description, dict):
        raise ModelError(f"{path} holds no JSON object. Export the model again.")
    fields = _Fields(path, description)
    is_mock = fields.boolean("is_mock")
    task = fields.choice("task", TASKS, "detect")
    size = fields.size("image_size", 640 if is_mock else None)
    if (rectangular := fields.boolean("rectangular")) and size % STRIDE:
        raise ModelError(
            f"{path} says image_size = {size} of a rectangular model; it must be a multiple of {STRIDE}, the stride of "
            "its coarsest cells. Export the model again, or say rectangular = false of one that takes squares."
        )
    return ModelFiles(
        name=fields.text("name", "mock" if is_mock else None),
        digest="sha256:" + (hashlib.sha256(raw).hexdigest() if is_mock else _checked_hash(directory, fields)),
        task=task,
        image_size=size,
        labels=fields.labels("labels", ("mock",) if is_mock else None),
        confidence=fields.fraction("confidence", 0.0 if task == "classify" else 0.25),
        iou=fields.fraction("iou", 0.45),
        weights=None if is_mock else directory / "model.onnx",
        rectangular=rectangular,
        keypoint_shape=fields.keypoint_shape(PERSON if is_mock else None) if task == "pose" else None,
    )


def _checked_hash(directory: Path, fields: _Fields) -> str:
    weights = directory / "model.onnx"
    wanted = fields.text("sha256").removeprefix("sha256:").lower()
    try:
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{weights} cannot be read ({error.strerror}). Export the model again.") from None
    if found != wanted:
        raise ModelError(
            f"{weights} is not the file that model.json describes: its sha256 is {found}, not {wanted}. Copy it again."
        )
    return found


@dataclass(frozen=True)
class _Fields:
    """The values of model.json, each checked as it is taken."""

    path: Path
    values: dict[str, Any]

    def _take(self, name: str, default: Any) -> Any:
        value = self.values.get(name, default)
        if value is None:
            raise ModelError(f"{self.path} has no {name!r}. Export the model again.")
        return value

    def _wrong(self, name: str, value: Any, wanted: str) -> ModelError:
        return ModelError(f"{self.path} says {name} = {json.dumps(value)}; it must be {wanted}.")

    def boolean(self, name: str) -> bool:
        value = self._take(name, False)
        if not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return value

    def text(self, name: str, default: str | None = None) -> str:
        value = self._take(name, default)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, value, "a text")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        value = self._take(name, default)
        if value not in choices:
            raise self._wrong(name, value, f"one of {', '.join(choices)}, the tasks that this image serves")
        return str(value)

    def size(self, name: str, default: int | None) -> int:
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 32 <= value <= 4096:
            raise self._wrong(name, value, "a whole number of pixels from 32 to 4096")
        return value

    def fraction(self, name: str, default: float) -> float:
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self._wrong(name, value, "a number from 0 to 1")
        return float(value)

    def labels(self, name: str, default: tuple[str, ...] | None) -> tuple[str, ...]:
        value = self._take(name, default)
        if not isinstance(value, list | tuple) or not value or not all(isinstance(label, str) for label in value):
            raise self._wrong(name, value, "a list of texts, one for each class")
        return tuple(value)

    def keypoint_shape(self, default: tuple[int, int] | None) -> tuple[int, int]:
        name = "keypoint_shape"
        value = self._take(name, default)
        numbers = isinstance(value, list | tuple) and [type(number) for number in value] == [int, int]
        if not numbers or value[0] < 1 or value[1] not in (2, 3):
            raise self._wrong(name, value, "the number of keypoints, and 2 or 3 numbers for each: [17, 3]")
        return (value[0], value[1])
