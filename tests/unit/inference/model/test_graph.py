"""The exported network's form, and that it is the same byte for byte."""

from typing import Any

import pytest
from onnx import TensorProto, helper

from inference.model import graph
from inference.model.errors import ExportError

Output = tuple[str | int, ...]


def network(date: str = "2026-01-01", path: str = "/tmp/a", output: Output = ("batch", 7, 2100)) -> Any:
    node = helper.make_node("Identity", ["images"], ["output0"], name="/model/Identity", doc_string=f"{path}/x.py(1)")
    node.metadata_props.add(key="pkg.torch.onnx.stack_trace", value=path)
    made = helper.make_model(
        helper.make_graph(
            [node],
            "main_graph",
            [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["batch", 3, "height", "width"])],
            [helper.make_tensor_value_info("output0", TensorProto.FLOAT, list(output))],
            doc_string=path,
        ),
        doc_string=date,
    )
    notes = {"date": date, "description": f"trained on {path}", "license": "AGPL-3.0", "stride": "32", "args": path}
    # The order of the notes may differ as well.
    for key in sorted(notes, reverse=date > "2026-06"):
        made.metadata_props.add(key=key, value=notes[key])
    return made


def normalized(made: Any) -> bytes:
    graph.normalize(made)
    serialized: bytes = made.SerializeToString(deterministic=True)
    return serialized


def test_date_and_paths_leave_no_trace() -> None:
    assert normalized(network()) == normalized(network("2026-12-31", "/home/someone/else"))


def test_another_network_stays_another() -> None:
    assert normalized(network()) != normalized(network(output=("batch", 6, 2100)))


def test_whose_work_it_is_stays_in() -> None:
    made = network()
    graph.normalize(made)
    assert {entry.key: entry.value for entry in made.metadata_props} == {"license": "AGPL-3.0", "stride": "32"}


def test_the_size_becomes_static_and_the_batch_stays_free() -> None:
    made = network()
    graph.fix_size(made, 320)
    assert graph.shape(made.graph.input[0]) == (None, 3, 320, 320)
    graph.check(made, classes=3, image_size=320)


@pytest.mark.parametrize(
    ("output", "classes"),
    [
        (("batch", 300, 6), 3),  # NMS inside
        ((1, 7, 2100), 3),  # batch of one
        (("batch", 7, 8400), 3),  # another image size
        (("batch", 7, 2100), 80),  # other labels
        (("batch", 39, 2100), 3),  # masks
    ],
)
def test_anything_but_a_raw_head_is_refused(output: Output, classes: int) -> None:
    made = network(output=output)
    graph.fix_size(made, 320)
    with pytest.raises(ExportError, match="raw detection heads"):
        graph.check(made, classes, image_size=320)


def test_a_size_that_is_still_free_is_refused() -> None:
    with pytest.raises(ExportError):
        graph.check(network(), classes=3, image_size=320)


@pytest.mark.parametrize(("image_size", "expected"), [(160, 525), (320, 2100), (640, 8400)])
def test_anchors(image_size: int, expected: int) -> None:
    assert graph.anchors(image_size) == expected
