"""What the image answers for a picture, in the terms that it is compared in."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from inference.decode import decode as decode_picture
from inference.errors import RequestError
from inference.model.errors import InputError
from inference.model.matching import Detection
from inference.options import MAX_DETECTIONS
from inference.pipeline import Pipeline
from inference.tasks.rle import decode


def answer(pipeline: Pipeline, path: Path, confidence: float) -> list[Detection]:
    """What the image would see in a picture file; raises `InputError` where it refuses it."""
    options = replace(pipeline.defaults, confidence=confidence, max_detections=MAX_DETECTIONS, masks="rle")
    try:
        told = pipeline.answer(partial(decode_picture, path.read_bytes()), options, pipeline.networks[0])
    except (RequestError, OSError) as error:
        raise InputError(f"The picture {path} cannot be used: {error}") from error
    whole = (0.0, 0.0, float(told["image"]["width"]), float(told["image"]["height"]))
    classes = [Detection(one["label"], one["score"], whole) for one in told.get("classifications", ())]
    return classes + [_detection(one) for one in told.get("detections", ())]


def _detection(one: dict[str, Any]) -> Detection:
    return Detection(
        one["label"],
        one["score"],
        tuple(one["box"]),
        corners=tuple(map(tuple, one.get("corners", ()))),
        keypoints=tuple(map(tuple, one.get("keypoints", ()))),
        mask=decode(one["mask"]) if "mask" in one else None,
    )
