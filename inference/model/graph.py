"""An exported network, brought into the one form that the image serves, byte for byte the same each time."""

from typing import Any, Final

from inference.model.errors import ExportError

# What of ultralytics' notes is kept: facts about the network and whose work it is. Left out are the
# date, the path of the training data and the arguments of the export.
KEPT_METADATA: Final = ("author", "docs", "imgsz", "license", "names", "stride", "task", "version")
# The coarseness of the three grids of anchors.
STRIDES: Final = (8, 16, 32)


def anchors(image_size: int) -> int:
    """How many boxes the head proposes for a square picture of that side: 2100 at 320, 8400 at 640."""
    return sum((image_size // stride) ** 2 for stride in STRIDES)


def fix_size(network: Any, image_size: int) -> None:
    """Make the square input size static and leave the batch free (`onnx.ModelProto`, changed in place)."""
    _, channels, height, width = network.graph.input[0].type.tensor_type.shape.dim
    channels.dim_value = 3
    height.dim_value = width.dim_value = image_size


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


def check(network: Any, classes: int, image_size: int) -> None:
    """Raise `ExportError` unless it is a raw head: (N, 3, side, side) in, (N, 4 + classes, anchors) out."""
    given = [shape(value) for value in network.graph.input]
    answered = [shape(value) for value in network.graph.output]
    wanted_in = (None, 3, image_size, image_size)
    wanted_out = (None, 4 + classes, anchors(image_size))
    if given != [wanted_in] or answered != [wanted_out]:
        message = (
            f"The exported network takes {given} and answers {answered}, but the image serves raw detection heads: "
            f"{wanted_in} in, {wanted_out} out. Give a YOLO detector without another kind of head."
        )
        raise ExportError(message)


def shape(value: Any) -> tuple[int | None, ...]:
    """Dimensions of an `onnx.ValueInfoProto`; None where it is free."""
    return tuple(dim.dim_value or None for dim in value.type.tensor_type.shape.dim)
