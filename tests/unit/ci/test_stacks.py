"""The synthesis is given just the files that it imports: what deploys stacks does not make them anew."""

from slipway.stacks import CODE

from tests.unit.imports import ROOT, modules, path_of, reached, running

BEGINNING = ["infra/stacks/__init__.py", "infra/stacks/app.py", "infra/config.py"]
COMMAND = "infra/stacks/__main__.py"


def test_the_synthesis_has_just_the_files_that_it_imports() -> None:
    # What the command imports later is for its other verbs.
    at_once = map(path_of, modules(running(ROOT / COMMAND).body, "infra"))
    seen = {ROOT / COMMAND} | reached([*(ROOT / file for file in BEGINNING), *at_once], "infra")
    assert {str(file.relative_to(ROOT / "infra")) for file in seen} == set(CODE)
