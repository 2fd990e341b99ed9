"""The step that says what is in an image is given every file of infra/ that it imports."""

import ast
import fnmatch
from collections.abc import Iterator
from pathlib import Path

from slipway import supply

ROOT = Path(__file__).parents[3]


def imported(file: Path) -> Iterator[Path]:
    """Files of infra/ that a file imports when it runs, by reading it."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "infra":
            for module in (node.module, *(f"{node.module}.{name.name}" for name in node.names)):
                path = (ROOT / module.replace(".", "/")).with_suffix(".py")
                if path.is_file():
                    yield path


def test_it_has_the_files_that_it_imports() -> None:
    todo, seen = [ROOT / "infra/supply/__main__.py"], set[Path]()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo.extend(imported(file))
    needed = {path.relative_to(ROOT / "infra").as_posix() for path in seen}
    assert len(needed) > 10
    assert not {file for file in needed if not any(fnmatch.fnmatch(file, pattern) for pattern in supply.CODE)}
