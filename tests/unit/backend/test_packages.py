"""The functions need nothing that Lambda's runtime does not have."""

import ast
import sys
from pathlib import Path

BACKEND = Path(__file__).parents[3] / "backend"


def test_only_boto3_and_the_standard_library_are_imported() -> None:
    names = set()
    for file in BACKEND.rglob("*.py"):
        tree = ast.parse(file.read_text())
        checked = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            if id(node) in checked:
                continue
            if isinstance(node, ast.Import):
                names |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module.split(".")[0])
    assert names - set(sys.stdlib_module_names) == {"backend", "boto3", "botocore"}
