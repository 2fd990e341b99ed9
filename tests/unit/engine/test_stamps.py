"""Nothing is built twice, and nothing stale is used."""

import shutil
from pathlib import Path

import pytest

from engine import build
from engine.paths import SOURCE
from engine.stamps import Stage, digest


class Counter:
    """A stage's build that counts its runs."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.runs = 0
        self.fails = False

    def __call__(self) -> None:
        self.runs += 1
        if self.fails:
            raise OSError("the disk is full")
        self.output.write_text(str(self.runs))


def test_a_stage_is_built_when_its_inputs_change_and_only_then(tmp_path: Path) -> None:
    source, stamps = tmp_path / "source", tmp_path / "stamps"
    source.mkdir()
    (source / "go.mod").write_text("a")
    counter = Counter(tmp_path / "output")
    stage = Stage("one", (source, "flags"), (counter.output,), counter)
    assert [stage.ensure(stamps), stage.ensure(stamps)] == [True, False]
    (source / "go.mod").write_text("b")
    assert [stage.ensure(stamps), stage.ensure(stamps)] == [True, False]
    counter.output.unlink()
    assert [stage.ensure(stamps), stage.ensure(stamps)] == [True, False]
    assert Stage("one", (source, "other flags"), (counter.output,), counter).ensure(stamps)
    assert counter.runs == 4


def test_a_failed_build_is_not_taken_for_a_finished_one(tmp_path: Path) -> None:
    counter = Counter(tmp_path / "output")
    stage = Stage("one", ("input",), (counter.output,), counter)
    stage.ensure(tmp_path / "stamps")
    counter.fails = True
    changed = Stage("one", ("changed",), (counter.output,), counter)
    with pytest.raises(OSError, match="full"):
        changed.ensure(tmp_path / "stamps")
    assert not changed.is_current(tmp_path / "stamps")
    assert not stage.is_current(tmp_path / "stamps")


def test_digest_depends_on_names_contents_and_borders(tmp_path: Path) -> None:
    for folder, name, text in (("a", "x", "1"), ("b", "x", "2"), ("c", "y", "1"), ("d", "x", "1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    a, b, c, d = (digest(tmp_path / folder) for folder in "abcd")
    assert a == d
    assert len({a, b, c}) == 3
    assert digest("ab", "c") != digest("a", "bc")


@pytest.mark.parametrize(
    ("changed", "rebuilt"),
    [
        ("go.sum", {"binaries", "go-sdk", "python-sdk"}),
        ("distconsts", {"binaries", "go-sdk"}),
        ("python-sdk", {"python-sdk"}),
        ("debian.py", {"base", "go-sdk"}),
        ("packages.py", {"registry"}),
        ("supervisor.py", set()),
    ],
)
def test_a_change_rebuilds_just_the_stages_concerned(
    changed: str, rebuilt: set[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = {stage.name: stage.stamp for stage in build.stages()}
    copy = tmp_path / "engine"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    place = copy / changed
    target = next(iter(sorted(place.iterdir()))) if place.is_dir() else place
    target.write_bytes(target.read_bytes() + b"\n")
    monkeypatch.setattr(build, "SOURCE", copy)
    after = {stage.name: stage.stamp for stage in build.stages()}
    assert {name for name in before if before[name] != after[name]} == rebuilt
