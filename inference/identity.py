"""The build's identity: which image is this? Baked in by the image build, repeated in every answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

from inference.errors import StartError

BUILD_FILE = Path(__file__).parent.parent / "build.json"
DEVELOPMENT = "development"


def read_build(path: Path = BUILD_FILE) -> str:
    """The `build` of build.json beside the package, "development" without one; raises StartError if it is broken."""
    try:
        build = json.loads(path.read_bytes())["build"]
    except FileNotFoundError:
        return DEVELOPMENT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartError(f"{path} does not name a build ({error!r}). Build the image again.") from None
    # It goes into a response header, where only visible ASCII may stand.
    if not isinstance(build, str) or not re.fullmatch(r"[A-Za-z0-9._:+-]{1,200}", build):
        raise StartError(
            f"{path} names the build {build!r}; letters, digits and ._:+- are allowed. Build the image again."
        )
    return build
