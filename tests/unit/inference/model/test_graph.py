"""The exported network's form, and that it is the same byte for byte."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto, helper

from inference.model import graph
from inference.model.errors import ExportError
from inference.model.weights import Checkpoint

Output = tuple[str | int, ...]


def checkpoint(classes: int = 3, task: str = "detect", keypoint_shape: tuple[int, int] | None = None) -> Checkpoint:
    return Checkpoint(Path("best.pt"), "m", tuple("abcdefgh"[:classes]), 320, task, keypoint_shape)


def network(date: str = "2026-01-01", path: str = "/tmp/a", *outputs: Output) -> Any:
    node = helper.make_node("Identity", ["images"], ["output0"], name="/model/Identity", doc_string=f"{path}/x.py(1)")
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=path)
    made = helper.make_model(
        helper.make_graph(
            [node],
            "main_graph",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
            [
                helper.make_tensor_value_info(f"output{number}", TensorProto.FLOAT, list(output))
                for number, output in enumerate(outputs or [("batch", 7, "anchors")])
            ],
            doc_string=path,
        ),
        doc_string=date,
    )
    notes = {"date": date, "description": f"trained on {path}", "license": "AGPL-3.0", "stride": "32", "args": path}
    # The order of the notes may differ as well.
    for key in sorted(notes, reverse=date > "2026-06"):
        made.metadata_props.add(key=key, value=notes[key])
    return made


def raw(*outputs: Output) -> Any:
    return network("2026-01-01", "/tmp/a", *outputs)


def normalized(made: Any) -> bytes:
    graph.normalize(made)
    serialized: bytes = made.SerializeToString(deterministic=True)
    return serialized


def test_date_and_paths_leave_no_trace() -> None:
    assert normalized(network()) == normalized(network("2026-12-31", "/home/someone/else"))


def test_another_network_stays_another() -> None:
    assert normalized(network()) != normalized(raw(("batch", 6, "anchors")))


def test_whose_work_it_is_stays_in() -> None:
    made = network()
    graph.normalize(made)
    assert {entry.key: entry.value for entry in made.metadata_props} == {"license": "AGPL-3.0", "stride": "32"}


def named(made: Any, found: Checkpoint) -> Any:
    graph.name_sizes(made, found, 320)
    return made


def test_any_size_goes_in() -> None:
    made = named(network(), checkpoint())
    assert [dim.dim_param or dim.dim_value for dim in made.graph.input[0].type.tensor_type.shape.dim] == [
        "batch",
        3,
        "height",
        "width",
    ]
    graph.check(made, checkpoint(), image_size=320)


def test_what_classifies_takes_squares() -> None:
    found = checkpoint(task="classify")
    made = named(raw(("batch", 3)), found)
    assert graph.shape(made.graph.input[0]) == (None, 3, 320, 320)
    graph.check(made, found, image_size=320)
    with pytest.raises(ExportError):
        graph.check(made, found, image_size=640)


@pytest.mark.parametrize(
    ("output", "classes"),
    [
        (("batch", 300, 6), 3),  # NMS inside
        ((1, 7, "anchors"), 3),  # batch of one
        (("batch", 7, 2100), 3),  # one image size alone
        (("batch", 7, "anchors"), 5),  # other labels
        (("batch", 39, "anchors"), 3),  # masks
    ],
)
def test_anything_but_a_raw_head_is_refused(output: Output, classes: int) -> None:
    made = named(raw(output), checkpoint(classes))
    with pytest.raises(ExportError, match="a raw head"):
        graph.check(made, checkpoint(classes), image_size=320)


SEGMENT = (("batch", 39, "anchors"), ("batch", 32, "rows", "columns"))


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        (SEGMENT, checkpoint(task="segment")),
        ([("batch", 7 + 17 * 3, "anchors")], checkpoint(task="pose", keypoint_shape=(17, 3))),
        ([("batch", 7 + 4 * 2, "anchors")], checkpoint(task="pose", keypoint_shape=(4, 2))),
        ([("batch", 8, "anchors")], checkpoint(task="obb")),
        ([("batch", 3)], checkpoint(task="classify")),
    ],
)
def test_every_task_has_outputs_of_its_own(outputs: Sequence[Output], found: Checkpoint) -> None:
    made = named(raw(*outputs), found)
    graph.check(made, found, image_size=320)
    with pytest.raises(ExportError, match=f"for the task {found.task}"):
        graph.check(made, replace(found, labels=("a", "b")), image_size=320)
    if found.task != "detect":
        with pytest.raises(ExportError, match="for the task detect"):
            graph.check(made, checkpoint(), image_size=320)


@pytest.mark.parametrize(
    "outputs",
    [
        (SEGMENT[1], SEGMENT[0]),
        (("batch", 39, "anchors"), ("batch", 31, "rows", "columns")),
        (("batch", 39, "anchors"), ("batch", 32, 80, 80)),
        (("batch", 39, "anchors"),),
    ],
)
def test_masks_need_a_coefficient_for_each_prototype(outputs: Sequence[Output]) -> None:
    found = checkpoint(task="segment")
    with pytest.raises(ExportError):
        graph.check(named(raw(*outputs), found), found, image_size=320)
