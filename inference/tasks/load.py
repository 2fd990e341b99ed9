"""The task that a model was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.tasks.classify import Classify
from inference.tasks.detect import Detect
from inference.tasks.obb import Obb
from inference.tasks.pose import Pose
from inference.tasks.segment import Segment

if TYPE_CHECKING:
    from inference.modelfiles import ModelFiles
    from inference.tasks.task import Task


def load_task(model: ModelFiles) -> Task:
    """The task named by model.json, which was checked when it was read."""
    if model.task == "classify":
        return Classify(model.name, model.labels, model.image_size)
    if model.keypoint_shape is not None:
        return Pose(model.name, model.labels, model.image_size, model.rectangular, model.keypoint_shape)
    plain: dict[str, type[Detect]] = {"detect": Detect, "segment": Segment, "obb": Obb}
    return plain[model.task](model.name, model.labels, model.image_size, model.rectangular)
