"""JPEGs through libjpeg-turbo, straight into an array: half of the time that Pillow takes, and the same pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import simplejpeg

from inference.errors import TruncatedImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

REDUCTIONS: Final = (8, 4, 2)
"""libjpeg-turbo has fast code for these; for those between, reading all of the picture is quicker."""


def decode_jpeg(data: bytes, width: int, height: int, needed: float) -> NDArray[np.uint8] | None:
    """The pixels (height, width, 3), or None for a picture that is not flawless: whoever is more patient may judge it.

    Raises TruncatedImage for one whose data ends too early, even if an end mark follows: what is missing would be grey.

    Reduced to a half, a quarter or an eighth, rounded up, when that leaves the share `needed` of width and height.
    """
    reduction = next((one for one in REDUCTIONS if one * needed <= 1), 0)
    least = {"min_height": -(-height // reduction), "min_width": -(-width // reduction)} if reduction else {}
    try:
        pixels: NDArray[np.uint8] = simplejpeg.decode_jpeg(data, "RGB", **least)
    except ValueError as error:
        if "premature end of data" in str(error):
            raise TruncatedImage("Data is missing from the JPEG picture. Send an intact one.") from None
        return None
    return pixels
