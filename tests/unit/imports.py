"""What files import, by reading them: the steps of the pipeline are given just these."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def running(file: Path) -> ast.Module:
    """A file without what only type checkers read."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    return tree


def modules(nodes: Iterable[ast.AST], package: str) -> Iterator[str]:
    """Modules of a package that are imported there; names that are taken from one may be modules, too."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def path_of(module: str) -> Path:
    """The file of a module; there is none where the name is not one's."""
    return (ROOT / module.replace(".", "/")).with_suffix(".py")


def reached(beginning: Iterable[Path], package: str) -> set[Path]:
    """These files, and all of the package that they import when they run."""
    seen: set[Path] = set()
    waiting = list(beginning)
    while waiting:
        file = waiting.pop()
        if file.is_file() and file not in seen:
            seen.add(file)
            waiting += map(path_of, modules(ast.walk(running(file)), package))
    return seen
