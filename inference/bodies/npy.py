"""A body that is a NumPy array: pixels as they are, without a picture format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from inference.bodies.request import Pixels, Request
from inference.errors import InvalidArray, TooManyPictures

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER_BYTES = 4096
"""Of the text that describes an array of pixels; NumPy writes about 100."""
WANTED = "Send uint8 of shape (height, width, 3) as RGB, (height, width) as grey, or (n, height, width, 3)"


def read_array(body: bytes, given: dict[str, Any], max_pictures: int) -> Request:
    """An array in NumPy's format (NEP 1): one picture, or several of one size; raises InvalidArray or TooManyPictures.

    Nothing is unpickled, and no memory is taken for what the header promises: the values are read where they lie.
    """
    values = _values(body)
    if values.ndim == 2:
        values = np.broadcast_to(values[:, :, None], (*values.shape, 3))
    if values.ndim == 3:
        return Request((Pixels(values),), many=False, given=given)
    if len(values) > max_pictures:
        raise TooManyPictures.of(len(values), max_pictures)
    return Request(tuple(Pixels(one) for one in values), many=True, given=given)


def _values(body: bytes) -> NDArray[np.uint8]:
    file = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        shape, is_fortran, dtype = read(file, max_header_size=MAX_HEADER_BYTES)
    except Exception as error:
        raise InvalidArray(f"The body's header is not that of a NumPy array ({str(error)[:100]}). {WANTED}.") from None
    if dtype != np.uint8 or len(shape) not in (2, 3, 4) or (len(shape) > 2 and shape[-1] != 3):
        raise InvalidArray(f"The array is {dtype} of shape {shape}. {WANTED}.")
    size, start = int(np.prod(shape, dtype=object)), file.tell()
    if min(shape) < 1 or size != len(body) - start:
        raise InvalidArray(
            f"The array's header promises shape {shape}, {size} bytes, and {len(body) - start} follow. {WANTED}."
        )
    values = np.frombuffer(body, np.uint8, offset=start)
    return values.reshape(shape, order="F" if is_fortran else "C")
