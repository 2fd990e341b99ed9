"""The zip of the functions is the same whenever and wherever it is made."""

import base64
import hashlib
import io
import os
import zipfile
from pathlib import Path

import pytest

from infra.backend.code import pack
from infra.errors import InputError

BACKEND = Path(__file__).parents[4] / "backend"


def written(folder: Path, names: list[str]) -> Path:
    """A package of files, written in that order."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}\n")
    return folder


def test_neither_times_nor_order_nor_caches_change_it(tmp_path: Path) -> None:
    names = ["http.py", "websocket.py", "parts/one.py"]
    one, two = written(tmp_path / "a", names), written(tmp_path / "b", names[::-1])
    os.utime(two / "http.py", (1, 1))
    written(two, ["__pycache__/http.py"])
    assert pack(one) == pack(two)
    (two / "http.py").write_text("# edited\n")
    assert pack(one).sha256 != pack(two).sha256


def test_it_holds_the_package_and_is_called_as_lambda_calls_it() -> None:
    code = pack(BACKEND)
    with zipfile.ZipFile(io.BytesIO(code.zip)) as archive:
        assert {"backend/http.py", "backend/websocket.py", "backend/__init__.py"} <= set(archive.namelist())
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
    assert base64.b64decode(code.sha256) == hashlib.sha256(code.zip).digest()


def test_a_folder_without_handlers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no websocket\.py; name the folder"):
        pack(written(tmp_path, ["http.py"]))
