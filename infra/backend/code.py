"""The functions' code as one zip that is the same whenever and wherever it is made."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from infra.errors import InputError

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can name."""
LARGEST = 50 * 1024 * 1024
"""Bytes that UpdateFunctionCode takes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


@dataclass(frozen=True)
class Code:
    """A zip, and its SHA-256 as Lambda writes it: base64."""

    zip: bytes

    @property
    def sha256(self) -> str:
        """What GetFunctionConfiguration calls CodeSha256."""
        return base64.b64encode(hashlib.sha256(self.zip).digest()).decode()


def pack(folder: Path) -> Code:
    """The Python files of a package, in order, without times and without compression, which differs between zlibs.

    Raises InputError where the folder holds no handlers.
    """
    files = sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)
    missing = [name for name in ("http.py", "websocket.py") if folder / name not in files]
    if missing:
        raise InputError(f"{folder} has no {' and no '.join(missing)}; name the folder of the backend with --code.")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            info = zipfile.ZipInfo(f"backend/{path.relative_to(folder).as_posix()}", _EPOCH)
            info.external_attr = 0o644 << 16
            archive.writestr(info, path.read_bytes())
    if len(file.getvalue()) > LARGEST:
        raise InputError(f"{folder} makes a zip of more than {LARGEST:,} bytes, which Lambda refuses; remove some.")
    return Code(file.getvalue())
