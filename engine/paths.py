"""Fixed places. The engine's binaries have the cache folder compiled in (distconsts/consts.go)."""

import os
from pathlib import Path

VERSION = "v0.19.10"
"""The newest Dagger Engine that builds from Go modules alone; go.mod names the same version."""

SOURCE = Path(__file__).resolve().parent
CACHE = Path("/var/cache/slipway-engine")
BIN = CACHE / "bin"
BASE = CACHE / "base"
CONTENT = CACHE / "content"
STAMPS = CACHE / "stamps"
WORK = CACHE / "work"
CLI_LINK = Path("/usr/local/bin/dagger")
DEFAULT_SOCKET = Path("/run/dagger/engine.sock")


def own_cache() -> Path:
    """Where the user's command line for an official engine is built: root's is the engine's own cache folder."""
    if os.geteuid() == 0:
        return CACHE
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / CACHE.name


def own_link() -> Path:
    """What becomes `dagger` for every user if root runs this, otherwise for this user."""
    return CLI_LINK if os.geteuid() == 0 else Path.home() / ".local" / "bin" / "dagger"
