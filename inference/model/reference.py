"""What ultralytics itself sees in a picture: the yardstick of parity and smoke test."""

from pathlib import Path
from typing import Any

from inference.model.errors import InputError
from inference.model.matching import Detection


def predict(model: Any, picture: Path, image_size: int, confidence: float, iou: float) -> list[Detection]:
    """Detections of an `ultralytics.YOLO` in a picture file, best first.

    Raises `InputError` for a picture that OpenCV cannot read.
    `rect=False` pads the picture to a square, as the image does; otherwise the network would see other pixels.
    """
    results = model.predict(
        str(picture), imgsz=image_size, conf=confidence, iou=iou, rect=False, device="cpu", verbose=False
    )
    if len(results) != 1:
        raise InputError(f"Ultralytics cannot read the picture {picture}; give an intact JPEG, PNG or WebP file.")
    (result,) = results
    return [
        Detection(result.names[int(number)], float(score), (x1, y1, x2, y2))
        for (x1, y1, x2, y2), score, number in zip(
            result.boxes.xyxy.tolist(), result.boxes.conf.tolist(), result.boxes.cls.tolist(), strict=True
        )
    ]
