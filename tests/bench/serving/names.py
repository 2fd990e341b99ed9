"""What contenders are called, and how many clients ask them."""

from typing import Final

OURS: Final = "Slipway"
LARGE: Final = "Slipway, 1080p"
CLIENTS: Final = (1, 8, 32)


def is_raw(name: str) -> bool:
    """Whether it is a runtime without a server."""
    return " alone, " in name
