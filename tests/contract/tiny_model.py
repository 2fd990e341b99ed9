"""A model of a few hundred bytes with the head of a YOLO: finds what is red, green or blue.

The picture is averaged over cells of 8 pixels; each cell is an anchor whose box is a square of two cells and whose
scores are the cell's mean red, green and blue.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LABELS = ("red", "green", "blue")
CELL = 8


def tiny_onnx(side: int = 64, classes: int = 3, work: int = 0, *, rectangular: bool = False) -> bytes:
    """The network; `work` multiplies that many big matrices beside it, for a model that takes its time."""
    mixing = np.eye(3, dtype=np.float32)[:classes].reshape(classes, 3, 1, 1)
    constants = {
        "mixing": mixing,
        "flat": np.array([0, classes, -1], np.int64),
        "one": np.array([1], np.int64),
        "zero": np.array([0], np.int64),
        "row": np.array([1, 1, -1], np.int64),
        "first": np.array(0, np.int64),
        "step": np.array(1, np.int64),
        "half": np.array(0.5, np.float32),
        "cell": np.array(CELL, np.float32),
        "nil": np.array(0, np.float32),
        "box": np.array(2 * CELL, np.float32),
        "two_ones": np.array([1, 1], np.int64),
    }
    # Of the cells, how many there are down and across, and of each the centre.
    grid = [helper.make_node("Shape", ["cells"], ["grid"], start=2)]
    for axis, (name, column) in enumerate((("y", [-1, 1]), ("x", [1, -1]))):
        constants[f"{name}_at"] = np.array(axis, np.int64)
        constants[f"{name}_line"] = np.array(column, np.int64)
        grid += [
            helper.make_node("Gather", ["grid", f"{name}_at"], [f"{name}_count"]),
            helper.make_node("Range", ["first", f"{name}_count", "step"], [f"{name}_numbers"]),
            helper.make_node("Cast", [f"{name}_numbers"], [f"{name}_floats"], to=TensorProto.FLOAT),
            helper.make_node("Add", [f"{name}_floats", "half"], [f"{name}_middles"]),
            helper.make_node("Mul", [f"{name}_middles", "cell"], [f"{name}_pixels"]),
            helper.make_node("Reshape", [f"{name}_pixels", f"{name}_line"], [f"{name}_shaped"]),
            helper.make_node("Expand", [f"{name}_shaped", "grid"], [f"{name}_grid"]),
            helper.make_node("Reshape", [f"{name}_grid", "row"], [name]),
        ]
    nodes = [
        helper.make_node("AveragePool", ["images"], ["cells"], kernel_shape=[CELL, CELL], strides=[CELL, CELL]),
        helper.make_node("Conv", ["cells", "mixing"], ["mixed"]),
        helper.make_node("Reshape", ["mixed", "flat"], ["scores"]),
        *grid,
        helper.make_node("Mul", ["x", "nil"], ["nothings"]),
        helper.make_node("Add", ["nothings", "box"], ["sizes"]),
        helper.make_node("Concat", ["x", "y", "sizes", "sizes"], ["boxes"], axis=1),
        helper.make_node("Shape", ["images"], ["shape"]),
        helper.make_node("Slice", ["shape", "zero", "one"], ["batch"]),
        helper.make_node("Concat", ["batch", "two_ones"], ["repeats"], axis=0),
        helper.make_node("Tile", ["boxes", "repeats"], ["all_boxes"]),
    ]
    scores = "scores"
    if work:
        # Ends in a sum times zero, which is added to the scores: costs time and changes nothing.
        constants["weights"] = np.full((512, 512), 1e-3, np.float32)
        constants["vanished"] = np.zeros(1, np.float32)
        previous = "weights"
        nodes.append(helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0))
        nodes.append(helper.make_node("Mul", ["weights", "mean"], ["product0"]))
        for step in range(work):
            previous = f"product{step}"
            nodes.append(helper.make_node("MatMul", [previous, "weights"], [f"product{step + 1}"]))
        nodes.append(helper.make_node("ReduceMean", [f"product{work}"], ["spent"], keepdims=0))
        nodes.append(helper.make_node("Mul", ["spent", "vanished"], ["vain"]))
        nodes.append(helper.make_node("Add", ["scores", "vain"], ["scores_in_time"]))
        scores = "scores_in_time"
    nodes.append(helper.make_node("Concat", ["all_boxes", scores], ["output0"], axis=1))
    sizes: list[str | int] = ["height", "width"] if rectangular else [side, side]
    anchors = "anchors" if rectangular else (side // CELL) ** 2
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, *sizes])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, ["batch", 4 + classes, anchors])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def write_tiny_model(directory: Path, side: int = 64, work: int = 0, *, rectangular: bool = False) -> Path:
    """A model directory as docs/architecture.md describes it."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = tiny_onnx(side, work=work, rectangular=rectangular)
    (directory / "model.onnx").write_bytes(weights)
    description = {
        "name": "tiny",
        "task": "detect",
        "image_size": side,
        "labels": list(LABELS),
        "sha256": hashlib.sha256(weights).hexdigest(),
        "is_mock": False,
        "rectangular": rectangular,
        "confidence": 0.6,
        "iou": 0.45,
    }
    (directory / "model.json").write_text(json.dumps(description))
    return directory
