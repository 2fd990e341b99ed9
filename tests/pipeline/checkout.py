"""A repository of one commit that holds this tree as it stands, for tests that edit, commit or deploy."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def copy(checkout: Path) -> None:
    """Copy the tracked files and those about to be, and commit them."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, text=True).split("\0"):
        file = ROOT / name
        if name and file.is_file():
            (checkout / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, checkout / name, follow_symlinks=False)
    subprocess.run(["git", "-C", checkout, "init", "-q", "-b", "main"], check=True)
    commit(checkout)


def commit(checkout: Path) -> None:
    """Commit everything that is not ignored, by an author of no machine's settings."""
    author = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    for command in (["add", "."], [*author, "commit", "-q", "-m", "Test"]):
        subprocess.run(["git", "-C", checkout, *command], check=True)
