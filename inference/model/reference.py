"""What ultralytics itself sees in a picture: the yardstick of parity and smoke test."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.model.errors import InputError
from inference.model.matching import Detection
from inference.modelfiles import ModelFiles
from inference.options import MAX_DETECTIONS
from inference.preprocess import Letterbox


def predict(model: Any, picture: Path, served: ModelFiles, confidence: float) -> list[Detection]:
    """What an `ultralytics.YOLO` sees in a picture file, best first.

    Raises `InputError` for a picture that OpenCV cannot read.
    `rect`, ultralytics' own default, pads it to the smallest rectangle, as the image does for the model `served`.
    """
    results = model.predict(
        str(picture),
        imgsz=served.image_size,
        conf=confidence,
        iou=served.iou,
        rect=served.rectangular,
        device="cpu",
        verbose=False,
    )
    if len(results) != 1:
        raise InputError(f"Ultralytics cannot read the picture {picture}; give an intact JPEG, PNG or WebP file.")
    (result,) = results
    return _classes(result, confidence) if result.probs is not None else _objects(result, served)


def _classes(result: Any, confidence: float) -> list[Detection]:
    """Every class that is sure enough, as an object that fills the picture."""
    height, width = result.orig_shape
    scores = sorted(enumerate(result.probs.data.tolist()), key=lambda one: -one[1])[:MAX_DETECTIONS]
    return [
        Detection(result.names[number], score, (0.0, 0.0, float(width), float(height)))
        for number, score in scores
        if score > confidence
    ]


def _objects(result: Any, served: ModelFiles) -> list[Detection]:
    rotated = result.obb is not None
    boxes, (height, width) = result.obb if rotated else result.boxes, result.orig_shape
    hulls = np.clip(boxes.xyxy.numpy(), 0, [width, height, width, height]).tolist()
    seen = [
        Detection(result.names[int(number)], score, (x1, y1, x2, y2))
        for (x1, y1, x2, y2), score, number in zip(hulls, boxes.conf.tolist(), boxes.cls.tolist(), strict=True)
    ]
    if rotated:
        corners = boxes.xyxyxyxy.tolist()
        return [replace(one, corners=_points(around)) for one, around in zip(seen, corners, strict=True)]
    if result.keypoints is not None:
        keypoints = result.keypoints.data.tolist()
        return [replace(one, keypoints=_points(places)) for one, places in zip(seen, keypoints, strict=True)]
    if result.masks is not None:
        masks = (_of_picture(mask, width, height, served) for mask in result.masks.data.numpy())
        return [replace(one, mask=mask) for one, mask in zip(seen, masks, strict=True)]
    return seen


def _points(values: list[list[float]]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(value) for value in values)


def _of_picture(mask: NDArray[Any], width: int, height: int, served: ModelFiles) -> NDArray[np.bool_]:
    """A mask of the network's input in the picture's pixels: each takes what lies at its centre."""
    letterbox = Letterbox.fit(width, height, served.image_size, rectangular=served.rectangular)
    across, down = letterbox.gains(width, height)
    columns = ((np.arange(width) + 0.5) * across + letterbox.left).astype(int)
    rows = ((np.arange(height) + 0.5) * down + letterbox.top).astype(int)
    picked: NDArray[np.bool_] = mask[np.ix_(rows, columns)] > 0
    return picked
