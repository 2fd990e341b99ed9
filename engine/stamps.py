"""Stages that are built again only when what goes into them has changed."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


def digest(*inputs: str | Path) -> str:
    """SHA-256 over texts and the contents of files and folders; names inside a folder count, its own place does not."""
    whole = hashlib.sha256()
    for item in inputs:
        for part in _parts(item):
            whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()


def _parts(item: str | Path) -> Iterable[bytes]:
    if isinstance(item, str):
        yield b"text"
        yield item.encode()
    elif item.is_dir():
        yield b"folder"
        for path in sorted(item.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(item)).encode()
                yield path.read_bytes()
    else:
        yield b"file"
        yield item.read_bytes()


@dataclass(frozen=True)
class Stage:
    """One step of the build: a name, what goes in, what must be there afterwards, and how it is made."""

    name: str
    inputs: tuple[str | Path, ...]
    outputs: tuple[Path, ...]
    build: Callable[[], None]

    @property
    def stamp(self) -> str:
        """The digest of the inputs."""
        return digest(self.name, *self.inputs)

    def is_current(self, stamps: Path) -> bool:
        """Whether the last finished build had these inputs and its outputs are still there."""
        file = stamps / self.name
        return file.is_file() and file.read_text() == self.stamp and all(path.exists() for path in self.outputs)

    def ensure(self, stamps: Path) -> bool:
        """Builds if needed and says whether it did. A build that fails leaves no stamp, so the next run tries again."""
        if self.is_current(stamps):
            return False
        stamps.mkdir(parents=True, exist_ok=True)
        (stamps / self.name).unlink(missing_ok=True)
        stamp = self.stamp
        self.build()
        (stamps / self.name).write_text(stamp)
        return True
