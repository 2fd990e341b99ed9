"""One picture through all stages, each timed: decode → preprocess → inference → postprocess → answer."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from inference.decode import decode
from inference.detector import Detector, load_detectors
from inference.modelfiles import ModelFiles, find_model, read_model
from inference.options import Options
from inference.postprocess import Detections, postprocess
from inference.preprocess import preprocess


@dataclass(frozen=True)
class Pipeline:
    """A loaded and warmed-up model, and a detector for each worker."""

    model: ModelFiles
    detectors: list[Detector]
    max_pixels: int

    @classmethod
    def load(cls, directory: Path | None, workers: int, threads: int, max_pixels: int) -> Pipeline:
        """Loads the model and sends a picture through every detector; raises ModelError."""
        model = read_model(find_model(directory))
        pipeline = cls(model, load_detectors(model, workers, threads), max_pixels)
        picture = io.BytesIO()
        Image.new("RGB", (2 * model.image_size, model.image_size)).save(picture, "JPEG")
        for detector in dict.fromkeys(pipeline.detectors):
            pipeline.answer(picture.getvalue(), pipeline.defaults, detector)
        return pipeline

    @property
    def defaults(self) -> Options:
        """What a request gets that asks for nothing."""
        return Options(self.model.confidence, self.model.iou)

    @property
    def runtime(self) -> dict[str, str]:
        """What runs the model."""
        return self.detectors[0].runtime

    def answer(self, data: bytes, options: Options, detector: Detector) -> dict[str, Any]:
        """Finds the objects in a picture file: `image`, `detections` and `timings_ms` as in docs/architecture.md.

        Boxes are pixels of the picture as it is looked at. Raises RequestError for a picture that cannot be decoded.
        """
        timings: dict[str, float] = {}
        with _timed(timings, "decode"):
            picture = decode(data, self.model.image_size, self.max_pixels)
        with _timed(timings, "preprocess"):
            batch, letterbox = preprocess(picture, self.model.image_size)
        with _timed(timings, "inference"):
            head = detector(batch)[0]
        with _timed(timings, "postprocess"):
            found = postprocess(head, options)
            boxes = letterbox.boxes_to_picture(found.boxes, picture.width, picture.height)
            detections = self._listed(Detections(boxes, found.scores, found.classes))
        image = {"width": picture.width, "height": picture.height}
        if picture.frames > 1:
            image["frames"] = picture.frames
        return {"image": image, "detections": detections, "timings_ms": timings}

    def _listed(self, found: Detections) -> list[dict[str, Any]]:
        rows = zip(found.classes.tolist(), found.scores.tolist(), found.boxes.tolist(), strict=True)
        return [
            {
                "class_id": class_id,
                "label": self.model.labels[class_id],
                "score": round(score, 5),
                "box": [round(edge, 2) for edge in box],
            }
            for class_id, score, box in rows
        ]


@contextmanager
def _timed(timings: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    timings[stage] = round((time.perf_counter() - start) * 1000, 3)
