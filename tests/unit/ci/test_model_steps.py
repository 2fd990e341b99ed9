"""Every step of the model is given just the modules that it imports.

With fewer it fails; with more, edits of the others repeat it.
"""

import ast
import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from slipway import model

ROOT = Path(__file__).parents[3]
COMMAND = "inference/model/__main__.py"


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "inference":
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _file(module: str) -> str | None:
    path = ROOT / module.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate.relative_to(ROOT / "inference").as_posix()
    return None


def _runtime(tree: ast.AST) -> ast.AST:
    """The tree without what only type checkers read."""
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


def _needed(verb: str) -> set[str]:
    """Files of inference/ that `python -m inference.model VERB` imports, by reading them."""
    command = ast.parse((ROOT / COMMAND).read_text())
    function = next(node for node in command.body if isinstance(node, ast.FunctionDef) and node.name == verb)
    todo = [*_imported(function)]
    for node in command.body:
        if not isinstance(node, ast.FunctionDef):
            todo.extend(_imported(node))
    seen: set[str] = set()
    while todo:
        file = _file(todo.pop())
        if file and file not in seen:
            seen.add(file)
            todo.extend(_imported(_runtime(ast.parse((ROOT / "inference" / file).read_text()))))
    return seen


@pytest.mark.parametrize(
    ("verb", "files"),
    [("train", model.TRAINING), ("export", model.EXPORT), ("parity", model.COMPARISON), ("sample", model.COMPARISON)],
)
def test_a_step_has_the_modules_that_it_imports(verb: str, files: Sequence[str]) -> None:
    missing = {file for file in _needed(verb) if not any(fnmatch.fnmatch(file, pattern) for pattern in files)}
    assert not missing


@pytest.mark.parametrize(("verb", "files"), [("train", model.TRAINING), ("export", model.EXPORT)])
def test_a_slow_step_has_no_others(verb: str, files: Sequence[str]) -> None:
    assert set(files) - set(model.VERBS) <= _needed(verb)


def test_the_server_is_in_no_step() -> None:
    assert not any(fnmatch.fnmatch("server.py", pattern) for pattern in model.COMPARISON)
