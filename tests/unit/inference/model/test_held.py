"""Pictures held back, drawn or given."""

from pathlib import Path

import pytest
from PIL import Image

from inference.model import held
from inference.model.errors import InputError


def test_every_size_comes_in_every_format(tmp_path: Path) -> None:
    count = len(held.PROPORTIONS) * len(held.FORMATS)
    paths = held.write(tmp_path, count, image_size=64)
    seen = {(Image.open(path).size, path.suffix) for path in paths}
    assert len(seen) == len(paths) == count
    assert {size for size, _ in seen} == {(round(64 * wide), round(64 * tall)) for wide, tall in held.PROPORTIONS}


def test_given_pictures_come_by_name_and_other_files_are_left_out(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "c.webp"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    assert [path.name for path in held.given(tmp_path)] == ["a.jpg", "b.PNG", "c.webp"]


@pytest.mark.parametrize("content", [b"", b"text", b"\xff\xd8\xff\xe0 and no more"])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.jpg cannot be used"):
        held.given(tmp_path)


@pytest.mark.parametrize(("name", "sentence"), [(".", "no pictures in"), ("missing", "cannot be read")])
def test_a_folder_without_pictures(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        held.given(tmp_path / name)
