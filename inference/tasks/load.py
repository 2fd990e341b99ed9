"""The task that a model was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inference.tasks.detect import Detect

if TYPE_CHECKING:
    from inference.modelfiles import ModelFiles
    from inference.tasks.task import Task


def load_task(model: ModelFiles) -> Task:
    """The task named by model.json, which was checked when it was read."""
    return {"detect": Detect}[model.task](model.name, model.labels, model.image_size)
