"""Checkpoints of every task but detection, made in a moment: `python3 checkpoints.py DIR`, where ultralytics is.

Each is trained for one epoch, so that it is a checkpoint as `yolo train` writes it. What it would find after that is
nothing, so the last layers are then scaled until boxes, scores and what the task adds differ from place to place.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from inference.model import framework, shapes

SIDE = 96
PICTURES = 16
MODELS = {"segment": "seg", "pose": "pose", "obb": "obb", "classify": "cls"}
RECIPE: dict[str, Any] = {
    "epochs": 1, "imgsz": SIDE, "batch": 8, "workers": 0, "device": "cpu", "amp": False, "plots": False, "val": False,
    "verbose": False, "mosaic": 0.0, "deterministic": True, "seed": 0,
}  # fmt: skip


def numbers(task: str, shape: shapes.Shape) -> Iterator[float]:
    """A line of a label file after the class: corners, a box with keypoints, or a box on its tip."""
    x1, y1, x2, y2 = (edge / SIDE for edge in shape.box)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    match task:
        case "segment":
            yield from (x1, y1, x2, y1, x2, y2, x1, y2)
        case "pose":
            yield from (x, y, x2 - x1, y2 - y1)
            yield from (value for place in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)) for value in (*place, 2))
        case _:
            yield from (x, y1, x2, y, x, y2, x1, y)


def write(folder: Path, task: str) -> Path:
    """Labelled pictures, and what ultralytics is told of them."""
    for index in range(PICTURES):
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


def sharpen(network: Any, task: str) -> None:
    """Scale the last layers, so that their outputs have a spread that a trained model's could have."""
    import torch

    pictures = torch.stack([
        torch.tensor(list(shapes.draw(7, index, (SIDE, SIDE)).image.tobytes()), dtype=torch.float32)
        .view(SIDE, SIDE, 3).permute(2, 0, 1) / 255
        for index in range(PICTURES)
    ])  # fmt: skip
    head = network.model[-1]
    generator = torch.Generator().manual_seed(0)

    def spread(layer: Any, deviation: float, offsets: Callable[[int], Any]) -> None:
        seen: list[Any] = []
        hook = layer.register_forward_hook(lambda _module, _given, answered: seen.append(answered))
        with torch.no_grad():
            layer.weight.copy_(torch.randn(layer.weight.shape, generator=generator))
            layer.bias.zero_()
            network(pictures)
            answered = seen[0].transpose(0, 1).flatten(1)
            layer.weight *= deviation / answered.std()
            layer.bias.copy_(offsets(len(layer.bias)) - answered.mean(1) * deviation / answered.std())
        hook.remove()

    network.float().eval()
    if task == "classify":
        spread(head.linear, 1.5, torch.zeros)
        return
    for level in range(head.nl):
        # Distances from an anchor to the four edges, each as a distribution over 16 cells: mostly one or two.
        spread(head.cv2[level][-1], 1.0, lambda count: -1.5 * (torch.arange(count) % 16 - 1.5).abs())
        spread(head.cv3[level][-1], 1.0, lambda count: torch.full((count,), -1.5))
        spread(head.cv4[level][-1], 1.0, torch.zeros)


def main(out: Path) -> None:
    """Write `TASK.pt` for each task."""
    yolo = framework.yolo()
    import torch

    for task, suffix in MODELS.items():
        model = yolo(f"yolo11n-{suffix}.yaml")
        model.train(data=str(write(Path("/tmp/data", task), task)), project="/tmp/runs", name=task, **RECIPE)
        checkpoint = torch.load(model.trainer.last, weights_only=False)
        network = checkpoint["ema"] or checkpoint["model"]
        sharpen(network, task)
        checkpoint |= {"model": network.half(), "ema": None, "date": ""}
        torch.save(checkpoint, out / f"{task}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
