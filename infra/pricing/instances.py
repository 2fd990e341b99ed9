"""The processors of instance types, as far as capacity is estimated from them."""

from __future__ import annotations

import re
from typing import Final

SMALL: Final = {"medium": 1, "large": 2, "xlarge": 4}
# EC2 user guide, "CPU options": families of AWS that do not follow the sizes.
_ODD: Final = {"ml.t2.medium": 2, "ml.t3.medium": 2, "ml.c4.8xlarge": 36}
_ACCELERATED = re.compile(r"ml\.(g[0-9]+[a-z]*|gr[0-9]+|p[0-9].*|inf[0-9]+|trn[0-9]+[a-z]*|dl[0-9]+)\.")


def vcpus(instance_type: str) -> int | None:
    """Of one instance; None for a size that does not say it. `4xlarge` has four times as many as `xlarge`."""
    if instance_type in _ODD:
        return _ODD[instance_type]
    size = instance_type.rpartition(".")[2]
    if size in SMALL:
        return SMALL[size]
    match = re.fullmatch(r"([0-9]+)xlarge", size)
    return int(match[1]) * SMALL["xlarge"] if match else None


def accelerated(instance_type: str) -> bool:
    """Whether it has GPUs or other accelerators, whose work no processor can stand for."""
    return _ACCELERATED.match(instance_type) is not None
