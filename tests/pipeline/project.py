"""A checkout in which `dagger call` is typed, as a person does it."""

import contextlib
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.pipeline.checkout import commit, copy


@dataclass(frozen=True)
class Project:
    """A checkout with a name of its own in the local cloud, so that nobody's endpoints are touched."""

    path: Path

    @classmethod
    def make(cls, path: Path) -> Self:
        """This tree as it stands, committed, with a name of its own."""
        made = cls(path)
        copy(path)
        made.edit("slipway.toml", 'project = "slipway"', f'project = "test-{uuid.uuid4().hex[:8]}"')
        commit(path)
        return made

    def start(self, *words: str, progress: str = "--silent") -> "subprocess.Popen[str]":
        """`dagger call WORDS`, in a group of processes that can be interrupted as Ctrl-C does."""
        return subprocess.Popen(
            ["dagger", progress, "call", *words],
            cwd=self.path,
            env={**os.environ, "DAGGER_NO_NAG": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def call(self, *words: str) -> str:
        """What the call prints; it must succeed."""
        process = self.start(*words)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return out

    def refused(self, *words: str) -> str:
        """What a call that must fail says."""
        process = self.start(*words)
        out, err = process.communicate()
        assert process.returncode != 0, out
        assert "Traceback" not in err
        return err

    def deploy(self, *words: str) -> dict[str, Any]:
        """The report of a deployment."""
        report: dict[str, Any] = json.loads(self.call("deploy", *words, "report", "contents"))
        return report

    def live(self) -> str:
        """What `status` says."""
        return self.call("status")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change one place of a file."""
        path = self.path / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    @contextlib.contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """The same for the time of the `with`."""
        path = self.path / file
        text = path.read_text()
        self.edit(file, old, new)
        try:
            yield
        finally:
            path.write_text(text)
