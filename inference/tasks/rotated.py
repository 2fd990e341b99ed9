"""Rotated boxes: how alike two are, which of many stay, and where their corners lie.

A box is centre x, centre y, width, height and angle: radians by which the width is turned from the x axis towards y.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

BLOCK: Final = 256
"""Boxes that are compared with all better ones at once."""
EPSILON: Final = 1e-7


def suppress(boxes: Floats, classes: NDArray[np.intp], iou: float, limit: int) -> NDArray[np.intp]:
    """Indices of the boxes (n, 5), best first, that are not more than `iou` like any better one of their class.

    As in ultralytics, which does Fast NMS here (Bolya et al., "YOLACT", section 4.2): boxes that are dropped drop
    others too. At most `limit` are kept.
    """
    kept: list[int] = []
    for start in range(0, len(boxes), BLOCK):
        stop = min(start + BLOCK, len(boxes))
        alike = similarity(boxes[:stop], boxes[start:stop]) > iou
        alike &= classes[:stop, None] == classes[None, start:stop]
        better = np.arange(stop)[:, None] < np.arange(start, stop)[None]
        kept += (start + np.flatnonzero(~(alike & better).any(axis=0))).tolist()
        if len(kept) >= limit:
            break
    return np.array(kept[:limit], np.intp)


def similarity(one: Floats, other: Floats) -> Floats:
    """ProbIoU of boxes (n, 5) and (m, 5) → (n, m): 1 for the same box, 0 for boxes far from each other.

    Each box is taken as a normal distribution of its centre and extent; 1 minus their Hellinger distance, which
    follows from the Bhattacharyya distance (Llerena et al., "Gaussian Bounding Boxes and Probabilistic
    Intersection-over-Union for Object Detection", equations 4 to 8).
    """
    xx, yy, xy = (
        a[:, None] + b[None] for a, b in zip(_covariance(one), _covariance(other), strict=True)
    )  # of both together
    dx, dy = (one[:, None, axis] - other[None, :, axis] for axis in (0, 1))
    determinant = xx * yy - xy**2
    apart = (xx * dy**2 + yy * dx**2 - 2 * xy * dx * dy) / (determinant + EPSILON) / 4
    own = np.sqrt(_determinant(one)[:, None] * _determinant(other)[None])
    # Rounding may leave a box without extent with a determinant below 0: such a box is like nothing.
    with np.errstate(invalid="ignore"):
        unlike = np.log(determinant / (4 * own + EPSILON) + EPSILON) / 2
    distance = np.clip(apart + unlike, EPSILON, 100)
    alike: Floats = 1 - np.sqrt(1 - np.exp(-distance) + EPSILON)
    return alike


def regularized(boxes: Floats) -> Floats:
    """The same boxes (n, 5) with angles from 0 to below π/2: a quarter turn swaps width and height."""
    turned = boxes[:, 4] % math.pi >= math.pi / 2
    size = np.where(turned[:, None], boxes[:, [3, 2]], boxes[:, 2:4])
    return np.concatenate((boxes[:, :2], size, boxes[:, 4:] % (math.pi / 2)), axis=1)


def corners(boxes: Floats) -> Floats:
    """Boxes (n, 5) → (n, 4, 2): the corners one after the other around each."""
    cosine, sine = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    width = np.stack((cosine, sine), axis=1) * boxes[:, 2:3] / 2
    height = np.stack((-sine, cosine), axis=1) * boxes[:, 3:4] / 2
    around = np.stack((-width - height, width - height, width + height, height - width), axis=1)
    placed: Floats = boxes[:, None, :2] + around
    return placed


def _covariance(boxes: Floats) -> tuple[Floats, ...]:
    """Of a uniform distribution over each box: xx, yy and xy."""
    along, across = boxes[:, 2] ** 2 / 12, boxes[:, 3] ** 2 / 12
    cosine, sine = np.cos(boxes[:, 4]), np.sin(boxes[:, 4])
    return (
        along * cosine**2 + across * sine**2,
        along * sine**2 + across * cosine**2,
        (along - across) * cosine * sine,
    )


def _determinant(boxes: Floats) -> Floats:
    xx, yy, xy = _covariance(boxes)
    return np.clip(xx * yy - xy**2, 0, None)
