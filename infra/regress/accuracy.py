"""What two images find in the same pictures: how far they agree, and where it is known what is there, who is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from infra.release.findings import Detection, likeness

if TYPE_CHECKING:
    from collections.abc import Sequence

SAME: Final = 0.5
"""Likeness from which two findings are the same object: the IoU of mAP50 (COCO, "Detection Evaluation")."""


@dataclass(frozen=True)
class Agreement:
    """Of the findings of two images: how many they share, and the largest difference of a shared one's score.

    `disagreement` is the share of all objects found that only one of both has, leaving out those whose score is near
    the model's threshold: they may come or go.
    """

    old: int
    new: int
    shared: int
    disagreement: float
    score_difference: float


def agreement(pictures: Sequence[tuple[Sequence[Detection], Sequence[Detection]]], surely: float) -> Agreement:
    """Compare the findings of the old and the new image, picture by picture.

    Args:
        pictures: findings of both in each picture.
        surely: score above which an object that one of both lacks counts.
    """
    shared, alone, largest = 0, 0, 0.0
    for old, new in pictures:
        pairs = match(old, new)
        shared += len(pairs)
        largest = max([largest, *(abs(a.score - b.score) for a, b in pairs)])
        paired = {id(one) for pair in pairs for one in pair}
        alone += sum(one.score > surely for one in (*old, *new) if id(one) not in paired)
    everything = shared + alone
    return Agreement(
        sum(len(old) for old, _ in pictures),
        sum(len(new) for _, new in pictures),
        shared,
        round(alone / everything, 4) if everything else 0.0,
        round(largest, 4),
    )


def match(wanted: Sequence[Detection], found: Sequence[Detection]) -> list[tuple[Detection, Detection]]:
    """Pairs of the same object, the best found first; each is used once."""
    left, pairs = list(wanted), []
    for one in sorted(found, key=lambda one: -one.score):
        alike = [(likeness(other, one), -place) for place, other in enumerate(left) if other.label == one.label]
        best, place = max(alike, default=(0.0, 0))
        if best >= SAME:
            pairs.append((left.pop(-place), one))
    return pairs


def map50(pictures: Sequence[tuple[Sequence[Detection], Sequence[Detection]]]) -> float:
    """Mean over the classes of the average precision at an IoU of 0.5, of truth and findings in each picture.

    Area under precision over recall, each precision raised to the best at no less recall (PASCAL VOC 2010). What lies
    under the model's own threshold is not told, and so counts as not found.
    """
    labels = sorted({one.label for truth, _ in pictures for one in truth})
    return round(float(np.mean([_average_precision(pictures, label) for label in labels])), 4) if labels else 0.0


def _average_precision(pictures: Sequence[tuple[Sequence[Detection], Sequence[Detection]]], label: str) -> float:
    told: list[tuple[float, bool]] = []
    wanted = 0
    for truth, found in pictures:
        there = [one for one in truth if one.label == label]
        mine = [one for one in found if one.label == label]
        wanted += len(there)
        right = {id(one) for _, one in match(there, mine)}
        told += [(one.score, id(one) in right) for one in mine]
    hits = np.cumsum([right for _, right in sorted(told, reverse=True, key=lambda one: one[0])])
    if not len(hits) or not hits[-1]:
        return 0.0
    precision = np.maximum.accumulate((hits / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float(np.sum(np.diff(hits, prepend=0) * precision) / wanted)
