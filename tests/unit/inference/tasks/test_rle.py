from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.tasks.rle import decode, encode


# As encoded by pycocotools 2.0.
@pytest.mark.parametrize(
    ("rows", "columns", "counts"),
    [
        (slice(0, 0), slice(0, 0), "d0"),
        (slice(0, 4), slice(0, 5), "0d0"),
        (slice(1, 3), slice(2, 4), "92203"),
        (slice(0, 4), slice(1, 3), "488"),
        (slice(3, 4), slice(4, 5), "c01"),
        (slice(0, 1), slice(0, 1), "01c0"),
    ],
)
def test_rectangles_are_encoded_as_coco_does(rows: slice, columns: slice, counts: str) -> None:
    whole = np.zeros((4, 5), bool)
    whole[rows, columns] = True
    assert encode(whole, 0, 0, 5, 4) == {"size": [4, 5], "counts": counts}
    assert encode(whole[rows, columns], columns.start, rows.start, 5, 4) == {"size": [4, 5], "counts": counts}
    assert (decode({"size": [4, 5], "counts": counts}) == whole).all()


def test_a_disc_is_encoded_as_coco_does() -> None:
    y, x = np.mgrid[:48, :64]
    disc = (x - 30) ** 2 + (y - 20) ** 2 < 180
    counts = "Qj07W14L4M2N2N2N2O0O2O0O2O000000000001N101N101N2N2N2N3L4Lam0"
    assert encode(disc, 0, 0, 64, 48) == {"size": [48, 64], "counts": counts}
    assert encode(disc[5:40, 10:60], 10, 5, 64, 48)["counts"] == counts


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.5, 0.9]))
def test_what_is_encoded_is_decoded(height: int, width: int, seed: int, share: float) -> None:
    random = np.random.default_rng(seed)
    top, left = int(random.integers(height)), int(random.integers(width))
    part = random.random((int(random.integers(height - top + 1)), int(random.integers(width - left + 1)))) < share
    whole = np.zeros((height, width), bool)
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    assert (decode(encode(part, left, top, width, height)) == whole).all()
