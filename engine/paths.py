"""Fixed places. The engine's binaries have the cache folder compiled in (distconsts/consts.go)."""

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
