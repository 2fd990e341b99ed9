"""Every step of the model is given just the modules that it imports.

With fewer it fails; with more, edits of the others repeat it.
"""

import ast
import fnmatch
from collections.abc import Sequence

import pytest
from slipway import model

from tests.unit.imports import ROOT, modules, running

COMMAND = "inference/model/__main__.py"


def _file(module: str) -> str | None:
    path = ROOT / module.replace(".", "/")
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate.relative_to(ROOT / "inference").as_posix()
    return None


def _needed(verb: str) -> set[str]:
    """Files of inference/ that `python -m inference.model VERB` imports, by reading them."""
    command = ast.parse((ROOT / COMMAND).read_text())
    function = next(node for node in command.body if isinstance(node, ast.FunctionDef) and node.name == verb)
    todo = [*modules(ast.walk(function), "inference")]
    for node in command.body:
        if not isinstance(node, ast.FunctionDef):
            todo.extend(modules(ast.walk(node), "inference"))
    seen: set[str] = set()
    while todo:
        file = _file(todo.pop())
        if file and file not in seen:
            seen.add(file)
            todo.extend(modules(ast.walk(running(ROOT / "inference" / file)), "inference"))
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
