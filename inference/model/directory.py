"""The model directory, loaded by the very code that the image loads it with."""

from pathlib import Path
from typing import Final

from inference.errors import StartError
from inference.model.errors import InputError
from inference.pipeline import Pipeline

MAX_PIXELS: Final = 64_000_000


def load(folder: Path, threads: int = 1) -> Pipeline:
    """An exported model, warmed up; raises `InputError` for a directory that is broken or holds only a mock."""
    try:
        pipeline = Pipeline.load(folder, workers=1, threads=threads, max_pixels=MAX_PIXELS)
    except StartError as error:
        raise InputError(f"The model directory cannot be used: {error}") from error
    if pipeline.model.is_mock:
        raise InputError(f"{folder} holds a mock, which sees nothing that could be compared; export a model first.")
    return pipeline
