"""The image's own pipeline against ultralytics, picture by picture."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from inference.model import answers, description, directory, held, reference, weights
from inference.model.errors import ParityError
from inference.model.matching import Detection, Pair, match

PICTURES: Final = 42
FEWEST_BOXES: Final = 10
# Where a model finds too little at its own confidence (of cars, shown shapes), its fainter guesses count too.
FAINTER: Final = (0.1, 0.01, 0.001, 0.0001)
# Measured on drawn pictures: 0.25 px and 0.0016. What remains comes from Pillow instead of OpenCV scaling the picture.
LIMIT_PX: Final = 1.0
LIMIT_SCORE: Final = 0.02
# Measured on masks trained on shapes, at 96 pixels: 0.990. Ours are as fine as the picture, theirs as the input.
LIMIT_MASK_IOU: Final = 0.95
# Pixels and scores that a coarser network may differ by. Measured on drawn pictures: half precision 0.4 and 0.002,
# 8-bit convolutions 1 and 0.04; larger inputs and other pictures make them larger.
LIMITS: Final = {"fp32": (LIMIT_PX, LIMIT_SCORE), "fp16": (2.5, 0.02), "int8": (4.0, 0.1)}

Find = Callable[[Path, float], list[Detection]]


@dataclass(frozen=True)
class Report:
    """How far two detectors agree.

    `boxes` is what ultralytics found, `surplus` what only the image's pipeline found; a class that a whole picture was
    given counts as a box around it. Differences are the largest of any matched pair: of scores, and of edges, corners
    and keypoints in pixels of the network's input, because a picture that is scaled down tenfold magnifies them
    tenfold. `mask_iou` is of all masks together. None stands for what the task does not have.
    """

    pictures: int
    confidence: float
    boxes: int
    matched: int
    surplus: int
    max_box_difference_px: float
    max_score_difference: float
    limit_px: float
    limit_score: float
    task: str = "detect"
    precision: str = "fp32"
    max_corner_difference_px: float | None = None
    max_keypoint_difference_px: float | None = None
    mask_iou: float | None = None
    limit_mask_iou: float | None = None

    @property
    def passed(self) -> bool:
        """Whether every box was found by both, within the limits, and there were any."""
        places = (self.max_box_difference_px, self.max_corner_difference_px, self.max_keypoint_difference_px)
        return (
            0 < self.boxes == self.matched
            and not self.surplus
            and all(difference <= self.limit_px for difference in places if difference is not None)
            and self.max_score_difference <= self.limit_score
            and (self.mask_iou is None or self.mask_iou >= (self.limit_mask_iou or 0))
        )

    def require(self) -> None:
        """Raise `ParityError` unless it passed."""
        if self.passed:
            return
        if not self.boxes:
            message = (
                f"Parity cannot be judged: ultralytics finds nothing in the {self.pictures} pictures, not even at "
                f"confidence {self.confidence}; give pictures with such objects by --pictures."
            )
            raise ParityError(message)
        message = (
            f"The exported model does not see what ultralytics sees: of {self.boxes} boxes in {self.pictures} pictures "
            f"{self.matched} were found, {self.surplus} others too; boxes differ by up to "
            f"{self.max_box_difference_px:.3f} px (limit {self.limit_px:g}), scores by up to "
            f"{self.max_score_difference:.4f} (limit {self.limit_score:g}){self._of_task()}. "
            "Do not ship it; look at what changed in inference/preprocess.py, inference/tasks/ or the export."
        )
        raise ParityError(message)

    def _of_task(self) -> str:
        """The figures that only some tasks have, for a sentence."""
        told = ""
        if self.max_corner_difference_px is not None:
            told += f", corners by up to {self.max_corner_difference_px:.3f} px"
        if self.max_keypoint_difference_px is not None:
            told += f", keypoints by up to {self.max_keypoint_difference_px:.3f} px"
        if self.mask_iou is not None:
            told += f"; the masks' IoU is {self.mask_iou:.4f} (at least {self.limit_mask_iou:g})"
        return told


def parity(checkpoint: weights.Checkpoint, folder: Path, pictures: Path | None = None) -> Report:
    """Compare the model directory `folder` with the checkpoint it came from; write `parity.json` there.

    Pictures are drawn unless a folder of them is given. Raises `InputError` for an unusable directory or picture
    and `ParityError` when the two disagree; the report is written either way.
    """
    pipeline = directory.load(folder)
    model = pipeline.model
    with tempfile.TemporaryDirectory(prefix="held-") as scratch:
        paths = held.given(pictures) if pictures else held.write(Path(scratch), PICTURES, model.image_size)
        # After the pictures are known to be sound: nothing of the checkpoint runs for nothing.
        theirs = weights.load(checkpoint)

        def expected(path: Path, confidence: float) -> list[Detection]:
            seen = reference.predict(theirs, path, model, confidence)
            return _shrunk(seen, path, model.image_size)

        def found(path: Path, confidence: float) -> list[Detection]:
            return _shrunk(answers.answer(pipeline, path, confidence), path, model.image_size)

        confidences = (model.confidence or description.CONFIDENCE, *FAINTER)
        precision = json.loads((folder / description.FILE).read_text()).get("precision", "fp32")
        report = compare(paths, expected, found, confidences, model.task, precision)
    content = {key: value for key, value in asdict(report).items() if value is not None} | {"passed": report.passed}
    (folder / "parity.json").write_text(json.dumps(content, indent=2) + "\n")
    report.require()
    return report


def compare(
    paths: Sequence[Path],
    expected: Find,
    found: Find,
    confidences: Sequence[float],
    task: str = "detect",
    precision: str = "fp32",
) -> Report:
    """Compare two detectors at the first of `confidences` at which the expected one finds enough boxes.

    Each is asked for slightly fainter boxes too, so that one whose score lies on either side of the threshold, within
    the limit, still has its partner. What the found one may differ by depends on its precision (`LIMITS`).
    """
    limit_px, limit_score = LIMITS[precision]
    for confidence in confidences:
        limit = min(limit_score, confidence / 2)
        wanted = [expected(path, confidence - limit) for path in paths]
        boxes = sum(detection.score >= confidence for detections in wanted for detection in detections)
        if boxes >= FEWEST_BOXES:
            break
    seen = [found(path, confidence - limit) for path in paths]
    pairs = [pair for a, b in zip(wanted, seen, strict=True) for pair in match(a, b)]
    counted = [pair for pair in pairs if max(pair.expected.score, pair.found.score) >= confidence]
    alone = sum(detection.score >= confidence for detections in seen for detection in detections)
    return Report(
        pictures=len(paths),
        confidence=confidence,
        boxes=boxes,
        matched=sum(pair.expected.score >= confidence for pair in pairs),
        surplus=alone - sum(pair.found.score >= confidence for pair in pairs),
        max_box_difference_px=max((pair.box_difference for pair in counted), default=0.0),
        max_score_difference=max((pair.score_difference for pair in counted), default=0.0),
        limit_px=limit_px,
        limit_score=limit,
        task=task,
        precision=precision,
        **_of_task(counted, task),
    )


def _of_task(pairs: Sequence[Pair], task: str) -> dict[str, float]:
    """The figures of the report that only this task has."""
    match task:
        case "obb":
            return {"max_corner_difference_px": max((pair.corner_difference for pair in pairs), default=0.0)}
        case "pose":
            return {"max_keypoint_difference_px": max((pair.keypoint_difference for pair in pairs), default=0.0)}
        case "segment":
            overlaps = [pair.mask_overlap for pair in pairs]
            shared, covered = (sum(counts) for counts in zip((0, 0), *overlaps, strict=True))
            return {"mask_iou": shared / covered if covered else 1.0, "limit_mask_iou": LIMIT_MASK_IOU}
        case _:
            return {}


def _shrunk(detections: list[Detection], path: Path, side: int) -> list[Detection]:
    """Boxes in pixels of the network's input, as far as it is smaller than the picture."""
    with Image.open(path) as picture:
        scale = min(1.0, side / max(picture.size))
    return [one.scaled(scale) for one in detections]
