"""Checkpoints: what is read from good ones, what is refused, and that nothing in them runs."""

import os
import pickle
import sys
import types
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from inference.model import weights
from inference.model.errors import WeightsError

NAMES = {0: "cat", 1: "dog"}


@pytest.fixture(autouse=True)
def ultralytics(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The classes that a checkpoint names; gone again before it is read."""
    module = types.ModuleType("ultralytics.nn.tasks")
    for kind in (*weights.TASKS, "RTDETRDetectionModel"):
        setattr(module, kind, type(kind, (), {"__module__": module.__name__}))
    monkeypatch.setitem(sys.modules, "ultralytics", types.ModuleType("ultralytics"))
    monkeypatch.setitem(sys.modules, "ultralytics.nn", types.ModuleType("ultralytics.nn"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def network(kind: str = "DetectionModel", **attributes: Any) -> Any:
    made = getattr(sys.modules["ultralytics.nn.tasks"], kind)()
    made.__dict__.update({"names": NAMES, "_modules": OrderedDict(a=1), **attributes})
    return made


def content(**changes: Any) -> dict[str, Any]:
    arguments = {"imgsz": 320, "model": "yolo11s.pt", "data": "/data/pets.yaml"}
    return {"date": "today", "ema": None, "model": network(), "train_args": arguments, **changes}


def save(path: Path, thing: Any, protocol: int = 2) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", pickle.dumps(thing, protocol))
        archive.writestr("best/data/0", bytes(1000))
        archive.writestr("best/version", "3\n")
    return path


class Calls:
    """Pickles to a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", [2, 4])
def test_a_checkpoint_says_labels_size_and_name(tmp_path: Path, protocol: int) -> None:
    path = save(tmp_path / "best.pt", content(), protocol)
    assert weights.inspect(path) == weights.Checkpoint(path, "yolo11s-pets", ("cat", "dog"), 320)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ema": network, "model": None}, {"labels": ("cat", "dog")}),
        ({"train_args": {"imgsz": [320, 640]}}, {"image_size": 640, "name": "mine"}),
        ({"train_args": None}, {"image_size": 640, "name": "mine"}),
        ({"model": lambda: network(names=["x", "y"])}, {"labels": ("x", "y")}),
        ({"model": lambda: network(names={1: "b", 0: "a"})}, {"labels": ("a", "b")}),
    ],
)
def test_what_checkpoints_may_look_like(tmp_path: Path, changes: dict[str, Any], expected: dict[str, Any]) -> None:
    made = {key: value() if callable(value) else value for key, value in changes.items()}
    checkpoint = weights.inspect(save(tmp_path / "mine.pt", content(**made)))
    for name, value in expected.items():
        assert getattr(checkpoint, name) == value


@pytest.mark.parametrize(("kind", "task"), weights.TASKS.items())
def test_the_kind_of_network_is_the_task(tmp_path: Path, kind: str, task: str) -> None:
    made = network(kind, yaml={"kpt_shape": (17, 3)} if task == "pose" else {"nc": 2})
    checkpoint = weights.inspect(save(tmp_path / "best.pt", content(model=made)))
    assert (checkpoint.task, checkpoint.keypoint_shape) == (task, (17, 3) if task == "pose" else None)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"hello, I am a text file", "no PyTorch checkpoint: it starts with b'hello, I'"),
        (pickle.dumps({"a": 1}), "a bare pickle"),
        (b"PK\x03\x04 and then nothing", "cut short"),
    ],
)
def test_files_that_are_no_archive(tmp_path: Path, data: bytes, sentence: str) -> None:
    path = tmp_path / "bad.pt"
    path.write_bytes(data)
    with pytest.raises(WeightsError, match=sentence):
        weights.inspect(path)


def test_an_archive_cut_in_half(tmp_path: Path) -> None:
    path = save(tmp_path / "best.pt", content())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match="cut short"):
        weights.inspect(path)


def test_a_flipped_bit_anywhere_in_the_numbers(tmp_path: Path) -> None:
    path = save(tmp_path / "best.pt", content())
    data = bytearray(path.read_bytes())
    data[data.index(bytes(500)) + 250] ^= 1
    path.write_bytes(data)
    with pytest.raises(WeightsError, match="best/data/0 inside it is damaged"):
        weights.inspect(path)


@pytest.mark.parametrize("name", ["missing.pt", "."])
def test_no_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(WeightsError, match="no such file"):
        weights.inspect(tmp_path / name)


def test_archives_of_another_kind(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("a.jpg", b"")
    scripted = save(tmp_path / "best.torchscript", content())
    with zipfile.ZipFile(scripted, "a") as archive:
        archive.writestr("best/constants.pkl", b"")
    for path in (tmp_path / "photos.zip", scripted):
        with pytest.raises(WeightsError, match=r"not one of torch\.save"):
            weights.inspect(path)


def test_a_pickle_too_large_to_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "LARGEST_PICKLE", 100)
    with pytest.raises(WeightsError, match="more than any such model needs"):
        weights.inspect(save(tmp_path / "best.pt", content()))


def test_a_pickle_that_is_none(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "best.pt", "w") as archive:
        archive.writestr("best/data.pkl", b"\x80\x02garbage")
    with pytest.raises(WeightsError, match="its pickle cannot be read"):
        weights.inspect(tmp_path / "best.pt")


@pytest.mark.parametrize(
    ("thing", "sentence"),
    [
        (lambda: [1, 2], "no dictionary"),
        (lambda: OrderedDict(weight=1), "only a state dictionary"),
        (lambda: content(model=None), "only a state dictionary"),
        (lambda: content(model=network("RTDETRDetectionModel")), "is a RTDETRDetectionModel, and the image serves"),
        (lambda: content(model=network("PoseModel")), "the shape of its keypoints is None"),
        (lambda: content(model=network("PoseModel", yaml={"kpt_shape": [17, 4]})), r"its keypoints is \[17, 4\]"),
        (lambda: content(model=network(names={0: "a", 2: "b"})), "not numbered from 0"),
        (lambda: content(model=network(names={})), "not numbered from 0"),
        (lambda: content(model=network(names=None)), "not numbered from 0"),
        (lambda: content(model=network(names=[3])), "not numbered from 0"),
        (lambda: content(train_args={"imgsz": "big"}), "image size it was trained at is 'big'"),
    ],
)
def test_checkpoints_of_another_kind(tmp_path: Path, thing: Any, sentence: str) -> None:
    with pytest.raises(WeightsError, match=sentence) as raised:
        weights.inspect(save(tmp_path / "best.pt", thing()))
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda mark: Calls(os.system, f"touch {mark}"), "names posix.system"),
        (lambda mark: Calls(eval, f"open({str(mark)!r}, 'w')"), r"names (builtins|__builtin__).eval"),
        (lambda mark: Calls(getattr, "x", "y"), r"names (builtins|__builtin__).getattr"),
        (lambda mark: Calls(Path.touch, mark), "names"),
    ],
)
def test_nothing_in_a_checkpoint_runs(tmp_path: Path, protocol: int, call: Any, sentence: str) -> None:
    mark = tmp_path / "ran"
    path = save(tmp_path / "best.pt", content(epoch=call(mark)), protocol)
    with pytest.raises(WeightsError, match=sentence):
        weights.inspect(path)
    assert not mark.exists()


def test_a_network_is_never_called_into_being(tmp_path: Path, ultralytics: types.ModuleType) -> None:
    """DetectionModel(cfg) evaluates text of its configuration."""
    path = save(tmp_path / "best.pt", content(epoch=Calls(ultralytics.DetectionModel)))
    with pytest.raises(WeightsError, match=r"calls ultralytics\.nn\.tasks\.DetectionModel"):
        weights.inspect(path)


def test_a_name_reached_through_an_allowed_module_is_refused(tmp_path: Path, ultralytics: types.ModuleType) -> None:
    ultralytics.os = os  # type: ignore[attr-defined]
    reached = b"\x80\x04\x8c\x14ultralytics.nn.tasks\x8c\x09os.system\x93\x8c\x04true\x85R."
    with zipfile.ZipFile(tmp_path / "best.pt", "w") as archive:
        archive.writestr("best/data.pkl", reached)
    with pytest.raises(WeightsError, match=r"names ultralytics\.nn\.tasks\.os\.system"):
        weights.inspect(tmp_path / "best.pt")


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        ("yolo11n.yaml", "/tmp/x/shapes.yaml", "yolo11n-shapes"),
        ("/a b/my model.pt", "coco8.yaml", "my-model-coco8"),
        ("yolo11n.pt", None, "best"),
    ],
)
def test_names(tmp_path: Path, model: str, data: str | None, expected: str) -> None:
    path = save(tmp_path / "best.pt", content(train_args={"model": model, "data": data}))
    assert weights.inspect(path).name == expected
