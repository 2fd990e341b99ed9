"""An edit of the functions changes no input of the image, and the other way round: the engine caches by inputs."""

import fnmatch
import inspect
import re
from collections.abc import Iterable
from dataclasses import fields
from typing import get_type_hints

import dagger
from slipway import backend
from slipway.making import Making
from slipway.sources import Sources


def inputs_with(file: str) -> set[str]:
    """The inputs of the module, by name, that hold a file of the checkout."""
    found = set()
    for name, hint in get_type_hints(Sources, include_extras=True).items():
        told = getattr(hint, "__metadata__", ())
        path = next((one for one in told if isinstance(one, dagger.DefaultPath)), None)
        ignore = next((one for one in told if isinstance(one, dagger.Ignore)), None)
        folder = str(path.from_context if path else "/").strip("/")
        prefix = f"{folder}/" if folder else ""
        if ignore and file.startswith(prefix) and held(file.removeprefix(prefix), ignore.patterns):
            found.add(name)
    return found


def held(file: str, patterns: Iterable[str]) -> bool:
    """Whether a file is left by patterns of which the last that matches counts."""
    kept = True
    for pattern in patterns:
        bare = pattern.removeprefix("!")
        if any(fnmatch.fnmatch(file, one) for one in (bare, bare.replace("**/", ""), f"{bare}/*")):
            kept = pattern.startswith("!")
    return kept


def test_the_functions_are_inputs_of_their_own_verb_and_of_the_checks_alone() -> None:
    assert inputs_with("backend/http.py") == {"functions", "tree"}
    assert inputs_with("tests/unit/backend/test_http.py") == {"functions_tests", "tree"}


def test_the_image_s_code_is_no_input_of_the_functions() -> None:
    image_inputs = inputs_with("inference/server.py")
    assert "inference" in image_inputs
    assert not image_inputs & {"functions", "functions_tests"}
    assert {one.name for one in fields(backend.Backend)} == {"code", "tests", "locks", "infra", "config"}


def test_the_image_is_made_of_inputs_that_hold_no_function() -> None:
    taken = set(re.findall(r"self\.([a-z]\w*)", inspect.getsource(Making._built)))
    assert {"locks", "inference"} <= taken
    assert not taken & inputs_with("backend/http.py")
