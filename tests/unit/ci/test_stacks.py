"""The synthesis is given just the files that it imports: what deploys stacks does not make them anew."""

import ast
from pathlib import Path

from slipway.stacks import CODE

ROOT = Path(__file__).parents[3]
BEGINNING = ["infra/stacks/__init__.py", "infra/stacks/app.py", "infra/config.py"]
COMMAND = "infra/stacks/__main__.py"


def imported(file: Path, *, deep: bool = True) -> set[str]:
    """Modules of infra that a file imports when it runs; not `deep`: only at its beginning."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    nodes = [node for node in (ast.walk(tree) if deep else tree.body) if isinstance(node, ast.ImportFrom)]
    names = {str(node.module) for node in nodes} | {
        f"{node.module}.{name.name}" for node in nodes for name in node.names
    }
    return {name for name in names if name.startswith("infra.")}


def test_the_synthesis_has_just_the_files_that_it_imports() -> None:
    seen: set[Path] = {ROOT / COMMAND}
    waiting = [ROOT / file for file in BEGINNING]
    waiting += [ROOT / f"{name.replace('.', '/')}.py" for name in imported(ROOT / COMMAND, deep=False)]
    while waiting:
        file = waiting.pop()
        if file.is_file() and file not in seen:
            seen.add(file)
            waiting += [ROOT / f"{name.replace('.', '/')}.py" for name in imported(file)]
    assert {str(file.relative_to(ROOT / "infra")) for file in seen} == set(CODE)
