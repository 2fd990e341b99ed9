"""One picture through all stages, in a square and in the smallest rectangle."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inference.decode import decode
from inference.pipeline import Pipeline
from tests.contract.tiny_model import write_tiny_model


class Recorder:
    """A network that keeps the shape of what it is given."""

    def __init__(self, network: Any) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._network = network

    def __call__(self, batch: Any) -> Any:
        self.shapes.append(batch.shape)
        return self._network(batch)


def answered(pipeline: Pipeline, size: tuple[int, int]) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[size[1] // 2 :, : size[0] // 2] = (255, 0, 0)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    recorder: Any = Recorder(pipeline.networks[0])
    told = pipeline.answer(partial(decode, file.getvalue()), pipeline.defaults, recorder)
    return told["detections"], recorder.shapes[0]


@pytest.mark.parametrize(
    ("size", "put_in"),
    [
        ((64, 64), (64, 64)),
        ((64, 32), (32, 64)),
        ((100, 200), (64, 32)),
        ((640, 360), (64, 64)),
        ((300, 140), (32, 64)),
    ],
)
def test_a_rectangle_shows_what_the_square_does(size: tuple[int, int], put_in: tuple[int, int], tmp_path: Path) -> None:
    square = Pipeline.load(write_tiny_model(tmp_path / "square"), 1, 1, 1_000_000)
    rectangular = Pipeline.load(write_tiny_model(tmp_path / "free", rectangular=True), 1, 1, 1_000_000)
    wanted, whole = answered(square, size)
    found, shape = answered(rectangular, size)
    assert (whole, shape) == ((1, 3, 64, 64), (1, 3, *put_in))
    assert found
    assert {one["label"] for one in found} == {"red"}
    # The grid of cells may lie otherwise over the picture, by half a cell at most.
    edges = [np.array([one["box"] for one in boxes]) for boxes in (found, wanted)]
    spread = [np.concatenate((boxes[:, :2].min(0), boxes[:, 2:].max(0))) for boxes in edges]
    assert np.abs(spread[0] - spread[1]).max() <= 4 * max(size) / 64


def test_what_goes_in_together_is_square(tmp_path: Path) -> None:
    pipeline = Pipeline.load(write_tiny_model(tmp_path, rectangular=True), 1, 1, 1_000_000, batch=2)
    assert answered(pipeline, (64, 32))[1] == (1, 3, 64, 64)
