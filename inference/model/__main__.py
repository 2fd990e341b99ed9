"""`python -m inference.model`: each verb is one step, to be run and cached on its own.

Exit code 0 done, 2 a mistake in what was given, 1 anything else; then the last line of stderr is `error: <sentence>`.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.model.errors import StepError

# Each verb imports its own step: a step then depends on no more files, and starts no more libraries, than it needs.
# ruff: noqa: PLC0415


def train(given: argparse.Namespace) -> str:
    """Train on shapes."""
    from inference.model.train import train

    metrics = train(given.out, given.epochs, given.seed, given.minimum_map50)
    return f"trained: mAP50 {metrics.map50}, mAP50-95 {metrics.map50_95}, {metrics.epochs} epochs, {metrics.seconds} s"


def export(given: argparse.Namespace) -> str:
    """Write model.onnx and model.json."""
    from inference.model import weights
    from inference.model.export import export

    checkpoint = weights.inspect(given.weights)
    model = export(
        checkpoint,
        given.out,
        image_size=given.image_size,
        confidence=given.confidence,
        iou=given.iou,
        name=given.name,
    )
    return f"exported: {model.name}, {len(model.labels)} classes, {model.image_size} px, sha256 {model.sha256}"


def parity(given: argparse.Namespace) -> str:
    """Compare with ultralytics."""
    from inference.model import weights
    from inference.model.parity import parity

    report = parity(weights.inspect(given.weights), given.model, given.pictures)
    return (
        f"parity: {report.matched} of {report.boxes} boxes in {report.pictures} pictures, differences up to "
        f"{report.max_box_difference_px:.4f} px and {report.max_score_difference:.5f} in score"
    )


def sample(given: argparse.Namespace) -> str:
    """Write the smoke test's picture."""
    from inference.model import weights
    from inference.model.sample import sample

    found = sample(weights.inspect(given.weights), given.model, given.picture)
    return f"sample: {found} objects expected" if found else "sample: no objects expected; give another by --picture"


def mock(given: argparse.Namespace) -> str:
    """Write a model that only pretends."""
    from inference.model import description, shapes

    model = description.mock()
    model.write(given.out)
    # Something to send: what it answers is invented, so nothing is expected of it.
    shapes.draw(0, 0, (640, 480), 2.0).image.save(given.out / "sample.jpg", quality=90)
    return f"mock: {model.name}, answers with invented boxes"


def parser() -> argparse.ArgumentParser:
    """What can be written on the command line."""
    top = argparse.ArgumentParser(prog="python -m inference.model", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="VERB")

    def verb(name: str, step: object, text: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=text, description=text)
        made.set_defaults(step=step)
        return made

    one = verb("train", train, "train YOLO11n on generated shapes: best.pt, metrics.json")
    one.add_argument("--out", type=Path, required=True, help="folder to write to")
    one.add_argument("--epochs", type=int, default=12, help="times through the training pictures")
    one.add_argument("--seed", type=int, default=0, help="of pictures, first weights and order")
    one.add_argument("--minimum-map50", type=float, default=0.95, help="fail below this accuracy (0 to 1)")

    one = verb("export", export, "write a checkpoint as ONNX: model.onnx, model.json")
    _weights(one)
    one.add_argument("--out", type=Path, required=True, help="folder to write to")
    one.add_argument("--image-size", type=int, help="side of the input in pixels (the checkpoint's own)")
    one.add_argument("--confidence", type=float, default=0.25, help="boxes with a lower score are dropped")
    one.add_argument("--iou", type=float, default=0.45, help="overlap above which two boxes are one")
    one.add_argument("--name", help="the model's name (architecture and data set of the checkpoint)")

    one = verb("parity", parity, "compare the exported model with ultralytics: parity.json")
    _weights(one)
    one.add_argument("--model", type=Path, required=True, help="the model directory")
    one.add_argument("--pictures", type=Path, help="folder of pictures to compare on (drawn shapes)")

    one = verb("sample", sample, "choose the smoke test's picture: sample.jpg, sample.json")
    _weights(one)
    one.add_argument("--model", type=Path, required=True, help="the model directory")
    one.add_argument("--picture", type=Path, help="a picture of your own (drawn shapes)")

    one = verb(
        "mock", mock, "write a model that only pretends, for trying out everything around it: model.json, sample.jpg"
    )
    one.add_argument("--out", type=Path, required=True, help="folder to write to")
    return top


def _weights(one: argparse.ArgumentParser) -> None:
    one.add_argument("--weights", type=Path, required=True, help="detection checkpoint of ultralytics (.pt); it is run")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the process's exit code."""
    given = parser().parse_args(arguments)
    try:
        print(given.step(given))
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"error: {error.filename or 'A file'} cannot be used: {error.strerror}; free or fix it.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
