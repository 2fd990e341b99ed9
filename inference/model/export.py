"""From a checkpoint to `model.onnx` and `model.json`."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

from inference.model import description, graph, weights
from inference.model.description import Description
from inference.model.errors import ExportError, InputError

# Pinned so that a new library does not change the network; understood by every ONNX Runtime since 1.12.
OPSET: Final = 17


def export(
    checkpoint: weights.Checkpoint,
    out: Path,
    *,
    image_size: int | None = None,
    confidence: float = description.CONFIDENCE,
    iou: float = description.IOU,
    name: str | None = None,
) -> Description:
    """Write the network, without NMS, and its description into `out`.

    `image_size` in pixels is the checkpoint's own unless given. The same weights give the same bytes.
    Raises `InputError` for a bad setting and `ExportError` when the network's outputs are not those of its task, raw.
    """
    size = checkpoint.image_size if image_size is None else image_size
    classifies = checkpoint.task == "classify"
    if classifies and (confidence, iou) != (description.CONFIDENCE, description.IOU):
        raise InputError(
            f"The model in {checkpoint.path} classifies, so no boxes are chosen; leave out --confidence and --iou."
        )
    described = Description(
        checkpoint.name if name is None else name,
        size,
        checkpoint.labels,
        confidence=None if classifies else confidence,
        iou=None if classifies else iou,
        task=checkpoint.task,
        rectangular=not classifies,
        keypoint_shape=checkpoint.keypoint_shape,
    )
    with tempfile.TemporaryDirectory(prefix="export-") as scratch:
        # Ultralytics writes beside the weights, which may lie in a read-only folder.
        copy = Path(scratch, "weights.pt")
        shutil.copyfile(checkpoint.path, copy)
        network = _onnx(replace(checkpoint, path=copy, image_size=size))
        out.mkdir(parents=True, exist_ok=True)
        target = out / description.NETWORK
        target.write_bytes(network)
    described = replace(described, sha256=description.sha256_of(target))
    described.write(out)
    return described


def _onnx(checkpoint: weights.Checkpoint) -> bytes:
    model = weights.load(checkpoint)
    import onnx  # noqa: PLC0415
    import onnxslim  # type: ignore[import-not-found]  # noqa: PLC0415

    size = checkpoint.image_size
    try:
        # Dynamic, because a static export fixes the batch too.
        path = model.export(format="onnx", imgsz=size, dynamic=True, simplify=False, opset=OPSET, device="cpu")
        network = onnx.load(path)
        graph.name_sizes(network, checkpoint, size)
        network = onnxslim.slim(network)
    except Exception as error:
        message = f"The model in {checkpoint.name} cannot be exported to ONNX at {size} pixels: {error}."
        raise ExportError(message) from error
    graph.normalize(network)
    graph.check(network, checkpoint, size)
    onnx.checker.check_model(network)
    serialized: bytes = network.SerializeToString(deterministic=True)
    return serialized
