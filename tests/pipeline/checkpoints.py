"""Checkpoints of every task but detection, made in a moment: `python3 checkpoints.py DEMO DIR`, where ultralytics is.

Each is trained for one epoch, so that it is a checkpoint as `yolo train` writes them, and then given what the
demonstration model DEMO has learned. Masks are trained on until they have the form of the shapes, since random ones are
all edges; what the other tasks have beside boxes speaks by chance.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inference.model import framework, shapes

SIDE = 96
PICTURES = {"segment": 64}
FEW = 8
MASKS: dict[str, Any] = {"epochs": 12, "freeze": [*range(23), "23.cv2", "23.cv3"]}
MODELS = {"segment": "seg", "pose": "pose", "obb": "obb", "classify": "cls"}
RECIPE: dict[str, Any] = {
    "imgsz": SIDE, "batch": 8, "workers": 0, "device": "cpu", "amp": False, "plots": False, "val": False,
    "verbose": False, "mosaic": 0.0, "deterministic": True, "seed": 0,
}  # fmt: skip


def numbers(task: str, shape: shapes.Shape) -> Iterator[float]:
    """A line of a label file after the class: corners, a box with keypoints, or a box on its tip."""
    x1, y1, x2, y2 = (edge / SIDE for edge in shape.box)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    match task:
        case "segment":
            yield from (value for corner in outline(shape) for value in corner)
        case "pose":
            yield from (x, y, x2 - x1, y2 - y1)
            yield from (value for place in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)) for value in (*place, 2))
        case _:
            yield from (x, y1, x2, y, x, y2, x1, y)


def outline(shape: shapes.Shape) -> Iterator[tuple[float, float]]:
    """The shape's edge, as shares of the picture."""
    x1, y1, x2, y2 = (edge / SIDE for edge in shape.box)
    match shape.label:
        case "circle":
            for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
                yield (x1 + x2 + (x2 - x1) * np.cos(angle)) / 2, (y1 + y2 + (y2 - y1) * np.sin(angle)) / 2
        case "square":
            yield from ((x1, y1), (x2, y1), (x2, y2), (x1, y2))
        case _:
            yield from (((x1 + x2) / 2, y1), (x2, y2), (x1, y2))


def write(folder: Path, task: str) -> Path:
    """Labelled pictures, and what ultralytics is told of them."""
    for index in range(PICTURES.get(task, FEW)):
        picture = shapes.draw(7, index, (SIDE, SIDE), scale=0.8)
        if task == "classify":
            for split in ("train", "val"):
                place = folder / split / picture.shapes[0].label
                place.mkdir(parents=True, exist_ok=True)
                picture.image.save(place / f"{index}.png")
            continue
        for kind in ("images", "labels"):
            (folder / kind).mkdir(parents=True, exist_ok=True)
        picture.image.save(folder / "images" / f"{index}.png")
        lines = [f"{one.class_id} {' '.join(f'{value:.5f}' for value in numbers(task, one))}" for one in picture.shapes]
        (folder / "labels" / f"{index}.txt").write_text("\n".join(lines) + "\n")
    if task == "classify":
        return folder
    names = "".join(f"  {number}: {label}\n" for number, label in enumerate(shapes.LABELS))
    keypoints = "kpt_shape: [4, 3]\nflip_idx: [1, 0, 3, 2]\n" if task == "pose" else ""
    described = folder / "shapes.yaml"
    described.write_text(f"path: {folder}\ntrain: images\nval: images\n{keypoints}names:\n{names}")
    return described


def remember(network: Any, demo: Any) -> None:
    """Give it what the demonstration model has learned."""
    own = network.float().eval().state_dict()
    network.load_state_dict(
        own | {name: value for name, value in demo.items() if name in own and own[name].shape == value.shape}
    )


def speak_by_chance(network: Any, task: str) -> None:
    """Let what only this task has say something, with a spread of one."""
    import torch

    head = network.model[-1]
    pictures = [np.asarray(shapes.draw(7, index, (SIDE, SIDE)).image, np.float32) / 255 for index in range(FEW)]
    generator = torch.Generator().manual_seed(0)
    layers = [head.linear] if task == "classify" else [branch[-1] for branch in head.cv4]
    for layer in layers:
        layer.weight.data.copy_(torch.randn(layer.weight.shape, generator=generator))
        layer.bias.data.zero_()
        answers: list[Any] = []
        hook = layer.register_forward_hook(lambda _, given, answered, answers=answers: answers.append(answered))
        with torch.no_grad():
            network(torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2))
        hook.remove()
        layer.weight.data /= answers[0].std()


def main(demo: Path, out: Path) -> None:
    """Write `TASK.pt` for each task."""
    yolo = framework.yolo()
    import torch

    saved = torch.load(demo, weights_only=False)
    learned = (saved["ema"] or saved["model"]).float().state_dict()

    for task, suffix in MODELS.items():
        data = str(write(Path("/tmp/data", task), task))

        def trained(start: str, data: str = data, task: str = task, **settings: Any) -> tuple[Any, Any]:
            model = yolo(start)
            model.train(data=data, project="/tmp/runs", name=task, **RECIPE, **settings)
            checkpoint = torch.load(model.trainer.last, weights_only=False)
            return checkpoint, checkpoint["ema"] or checkpoint["model"]

        def save(checkpoint: Any, network: Any, path: Path) -> Path:
            torch.save(checkpoint | {"model": network.half(), "ema": None, "date": ""}, path)
            return path

        checkpoint, network = trained(f"yolo11n-{suffix}.yaml", epochs=1)
        remember(network, learned)
        if task == "segment":
            checkpoint, network = trained(str(save(checkpoint, network, Path("/tmp/begun.pt"))), **MASKS)
        else:
            speak_by_chance(network, task)
        save(checkpoint, network, out / f"{task}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
