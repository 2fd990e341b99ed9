"""An exported network, brought into the one form that the image serves, byte for byte the same each time."""

import math
from typing import TYPE_CHECKING, Any, Final

from inference.model.errors import ExportError

if TYPE_CHECKING:
    from inference.model.weights import Checkpoint

# What of ultralytics' notes is kept: facts about the network and whose work it is. Left out are the
# date, the path of the training data and the arguments of the export.
KEPT_METADATA: Final = ("author", "docs", "imgsz", "kpt_shape", "license", "names", "stride", "task", "version")


def name_sizes(network: Any, checkpoint: "Checkpoint", image_size: int) -> None:
    """Leave batch, height and width of the input free (`onnx.ModelProto`, changed in place).

    A model that classifies takes squares alone: it looks at the middle of every picture.
    """
    batch, channels, height, width = network.graph.input[0].type.tensor_type.shape.dim
    batch.dim_param, channels.dim_value = "batch", 3
    if checkpoint.task == "classify":
        height.dim_value = width.dim_value = image_size
    else:
        # As inference/runtimes/onnx.py knows them.
        height.dim_param, width.dim_param = "height", "width"


def normalize(network: Any) -> None:
    """Take out of an `onnx.ModelProto` what differs between two exports of the same weights."""
    kept = sorted((entry.key, entry.value) for entry in network.metadata_props if entry.key in KEPT_METADATA)
    del network.metadata_props[:]
    for key, value in kept:
        network.metadata_props.add(key=key, value=value)
    network.doc_string = ""
    network.graph.doc_string = ""
    for node in network.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]


def check(network: Any, checkpoint: "Checkpoint", image_size: int) -> None:
    """Raise `ExportError` unless a batch of pictures goes in, and the raw outputs of the task come out."""
    given = [shape(value) for value in network.graph.input]
    answered = [shape(value) for value in network.graph.output]
    size = image_size if checkpoint.task == "classify" else None
    wanted_in = [(None, 3, size, size)]
    wanted_out = outputs(checkpoint, prototypes=(answered[-1][1:2] or (None,))[0])
    if given != wanted_in or answered != wanted_out:
        message = (
            f"The exported network takes {given} and answers {answered}, but what the image serves for the task "
            f"{checkpoint.task} takes {wanted_in} and answers {wanted_out}. Give a YOLO model with a raw head."
        )
        raise ExportError(message)


def outputs(checkpoint: "Checkpoint", prototypes: int | None) -> list[tuple[int | None, ...]]:
    """Shapes of the raw outputs of the checkpoint's task; a model that segments may have any number of prototypes."""
    if checkpoint.task == "classify":
        return [(None, len(checkpoint.labels))]
    extras = {
        "detect": 0,
        "segment": prototypes or 0,
        "pose": math.prod(checkpoint.keypoint_shape or ()),
        "obb": 1,
    }[checkpoint.task]
    head = (None, 4 + len(checkpoint.labels) + extras, None)
    return [head, (None, prototypes, None, None)] if checkpoint.task == "segment" else [head]


def shape(value: Any) -> tuple[int | None, ...]:
    """Dimensions of an `onnx.ValueInfoProto`; None where it is free."""
    return tuple(dim.dim_value or None for dim in value.type.tensor_type.shape.dim)
