from __future__ import annotations

from pathlib import Path

import pytest

from inference.errors import StartError
from inference.identity import read_build


def test_the_build_is_read(tmp_path: Path) -> None:
    file = tmp_path / "build.json"
    assert read_build(file) == "development"
    file.write_text('{"build": "sha256:0123abcd"}')
    assert read_build(file) == "sha256:0123abcd"


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"build": 5}', '{"build": ""}', '{"build": "a\\nb"}', '{"build": "a;b"}']
)
def test_a_build_that_could_not_stand_in_a_header_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "build.json"
    file.write_text(text)
    with pytest.raises(StartError, match="build"):
        read_build(file)
