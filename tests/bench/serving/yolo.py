"""What people write around a YOLO by hand: OpenCV before it, OpenCV's suppression after it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

CONFIDENCE, OVERLAP, GREY = 0.25, 0.45, 114


def before(picture: bytes, side: int) -> Any:
    """The network's input (1, 3, side, side)."""
    pixels = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    height, width = pixels.shape[:2]
    gain = min(side / width, side / height)
    pixels = cv2.resize(pixels, (round(width * gain), round(height * gain)))
    top, left = (side - pixels.shape[0]) // 2, (side - pixels.shape[1]) // 2
    bottom, right = side - pixels.shape[0] - top, side - pixels.shape[1] - left
    square = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(GREY,) * 3)
    return cv2.dnn.blobFromImage(square, 1 / 255, swapRB=True)


def after(head: Any) -> list[dict[str, Any]]:
    """Detections in one head (4 + classes, anchors)."""
    scores = head[4:].max(axis=0)
    kept = np.flatnonzero(scores > CONFIDENCE)
    boxes, classes = head[:4, kept].T, head[4:, kept].argmax(axis=0)
    chosen = cv2.dnn.NMSBoxesBatched(boxes, scores[kept], classes, CONFIDENCE, OVERLAP) if len(kept) else []
    return [{"box": boxes[i].tolist(), "score": float(scores[kept][i]), "class": int(classes[i])} for i in chosen]
