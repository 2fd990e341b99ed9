"""ICC profiles made by hand (ICC.1:2001-04), so that what they mean is known."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

Vector = Sequence[float]
D50 = (0.9642, 1.0, 0.8249)
DISPLAY_P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
"""Red, green and blue as XYZ, adapted to D50 (Apple's Display P3 profile)."""
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def profile(space: bytes, connection: bytes, tags: Mapping[bytes, bytes], name: bytes = b"of a test") -> bytes:
    """A display profile, or a printer's where it holds a table."""
    description = b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name + b"\0" + bytes(78)
    everything = {b"desc": description, b"cprt": b"text" + bytes(4) + b"none\0", b"wtpt": xyz(D50), **tags}
    offset, table, content = 128 + 4 + 12 * len(everything), b"", b""
    for tag, data in everything.items():
        table += tag + struct.pack(">II", offset + len(content), len(data))
        content += data + bytes(-len(data) % 4)
    size = offset + len(content)
    kind = b"prtr" if b"A2B0" in tags else b"mntr"
    header = struct.pack(">I4sI", size, b"test", 0x02400000) + kind + space + connection + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + struct.pack(">3i", *(round(value * 65536) for value in D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(everything)) + table + content


def xyz(values: Vector) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma(value: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(value * 256)) + bytes(2)


def rgb(primaries: Sequence[Vector], power: float = 2.2, name: bytes = b"of a test") -> bytes:
    """A screen with these primaries."""
    tags = {tag: xyz(primary) for tag, primary in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), gamma(power))
    return profile(b"RGB ", b"XYZ ", {**tags, **curves}, name)


def grey(power: float) -> bytes:
    """Grey of another brightness."""
    return profile(b"GRAY", b"XYZ ", {b"kTRC": gamma(power)})


def inks(paper: tuple[int, int, int], ink: tuple[int, int, int]) -> bytes:
    """A press with an ink of this colour for magenta, black for all else: Lab of 8 bits, white is (255, 128, 128)."""
    black = bytes((0, 128, 128))
    grid = bytes(paper) + black * 3 + bytes(ink) + black * 11
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 * (place % 4 == 0) for place in range(9)))
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + identity + ramp * 4 + grid + ramp * 3
    return profile(b"CMYK", b"Lab ", {b"A2B0": table})
