"""`ultralytics predict` behind FastAPI: `python -m tests.bench.serving.ultralytics_app PORT CHECKPOINT SIDE`."""

from __future__ import annotations

import io
import sys
import threading
from typing import Any

import fastapi
import uvicorn
from PIL import Image
from ultralytics import YOLO

app = fastapi.FastAPI()
model = YOLO(sys.argv[2])
SIDE = int(sys.argv[3])
# Its predictor is not made for several threads (Ultralytics docs, "Thread-Safe Inference").
lock = threading.Lock()


@app.post("/predict")  # type: ignore[untyped-decorator]
def predict(picture: bytes = fastapi.Body(media_type="image/jpeg")) -> dict[str, Any]:
    """Detections in a picture."""
    image = Image.open(io.BytesIO(picture))
    with lock:
        (result,) = model.predict(image, imgsz=SIDE, device="cpu", verbose=False)
    return {"detections": result.summary()}


@app.get("/health")  # type: ignore[untyped-decorator]
def health() -> str:
    """Whether it is there."""
    return "ok"


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
