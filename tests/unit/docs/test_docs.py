"""The documents name only what is there: files, headings, targets of make, verbs and their options."""

import ast
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = [ast.parse(path.read_text()) for path in (ROOT / "ci/src/slipway").glob("*.py")]
PARTS = {"Gates", "Making", "Measuring", "Releasing", "Looking", "Trying", "Fronting"}
"""Of the module's object."""
DOCUMENTS = sorted(
    str(path.relative_to(ROOT)) for pattern in ("*.md", "docs/*.md", "inference/**/*.md") for path in ROOT.glob(pattern)
)
HOSTS = ("amazon.com", "amazonaws.com", "astral.sh", "example.com", "github.com", "githubusercontent.com")
"""Nobody is sent anywhere else; what packages come from is the user's own setting."""
DAGGER_OPTIONS = {"help", "path", "ports", "name"}


def text(document: str) -> str:
    """A document."""
    return (ROOT / document).read_text()


def code(document: str) -> str:
    """What it says in blocks and between backticks, one snippet a line; words cut at an end of line are joined."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text(document), re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text(document), flags=re.MULTILINE | re.DOTALL)
    inline = [" ".join(snippet.split()) for snippet in re.findall(r"`([^`]+)`", prose)]
    return "\n".join([*blocks, *inline])


def anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a document in links."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def verbs(decorators: Iterable[str], *, chained: bool = False) -> dict[str, set[str]]:
    """Functions of the module under one of the decorators, with their options; `chained`: of what verbs return."""
    return {
        node.name.replace("_", "-"): {
            argument.arg.replace("_", "-") for argument in (*node.args.args[1:], *node.args.kwonlyargs)
        }
        for source in SOURCES
        for owner in source.body
        if isinstance(owner, ast.ClassDef) and (owner.name not in PARTS) == chained
        for node in owner.body
        if isinstance(node, ast.AsyncFunctionDef)
        and {one.id for one in node.decorator_list if isinstance(one, ast.Name)} & set(decorators)
    }


GATES = verbs(["gate"])
VERBS = verbs(["cached", "live"]) | GATES
CHAINED = verbs(["cached", "live"], chained=True)


def wrong_links(document: str) -> Iterator[str]:
    """Relative links to files or headings that do not exist."""
    for target in re.findall(r"\]\(([^)]+)\)", text(document)):
        if "://" in target:
            continue
        name, _, heading = target.partition("#")
        path = (ROOT / document).parent / name if name else ROOT / document
        if not path.exists() or (heading and heading not in anchors(path)):
            yield target


def wrong_words(document: str) -> Iterator[str]:
    """Targets, checks, verbs and options in its code that do not exist."""
    said = code(document)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    infra = re.findall(r"verb\(\s*\"([a-z-]+)\"", (ROOT / "infra/__main__.py").read_text())
    for known, pattern in ((targets, r"\bmake ([a-z][a-z-]*)"), (infra, r"python -m infra ([a-z-]+)")):
        yield from (match[0] for match in re.finditer(pattern, said) if match[1] not in known)
    for words in dagger("check", said):
        yield from (word for word in words if not word.startswith("-") and word not in GATES)
    for verb, *words in dagger("call", said):
        options = {word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")}
        others = set[str]().union(DAGGER_OPTIONS, *(CHAINED[word] for word in words if word in CHAINED))
        if verb not in VERBS or options - VERBS[verb] - others:
            yield " ".join([verb, *words])


def dagger(command: str, said: str) -> Iterator[list[str]]:
    """The words behind each `dagger COMMAND`."""
    for line in re.findall(rf"\bdagger (?:-\S+ )?{command} ([a-z-].*)", said):
        yield shlex.split(line, comments=True)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    assert not list(wrong_links(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_exist(document: str) -> None:
    assert not list(wrong_words(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_stranger_is_named(document: str) -> None:
    hosts = re.findall(r"\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|io|net|org|sh)\b", text(document))
    assert not [host for host in hosts if not host.endswith(HOSTS)]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_example(verb: str) -> None:
    assert re.search(rf"^\| `{verb}` \||^dagger call {verb}\b", text("docs/module.md"), re.MULTILINE)


def test_the_architecture_names_every_part() -> None:
    told = text("docs/architecture.md")
    (house,) = re.findall(r"^tests/ +(.*)$", told, re.MULTILINE)
    folders = {
        path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith((".", "_"))
    }
    assert {name.rstrip("/") for name in house.split()} == folders
    table = told.partition("`ci/src/slipway`, the module:")[2].partition("\n\n")[2].partition("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+\.py)`", row.split("|")[1])}
    assert named == {path.name for path in (ROOT / "ci/src/slipway").glob("*.py")} - {"__init__.py"}


def test_what_is_cached_and_who_takes_which_option_is_told_of_every_verb() -> None:
    told = text("docs/module.md")
    cached, _, live = told.partition("Verbs that make something")[2].partition("\n\n")[0].partition("Verbs that look")
    assert set(re.findall(r"`([a-z-]+)`", cached)) == set(verbs(["cached"]))
    assert set(re.findall(r"`([a-z-]+)`", live)) == set(verbs(["live"]))
    rows = re.findall(r"^\| `--(weights|signing-key|notify) \w+` \| ([^|]+) \|", told, re.MULTILINE)
    assert len(rows) == 3
    for option, those in rows:
        assert set(re.findall(r"`([a-z-]+)`", those)) == {verb for verb, options in VERBS.items() if option in options}


def test_every_document_can_be_found_from_the_first() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", text("README.md")))
    assert set(DOCUMENTS) - {"README.md"} <= linked
