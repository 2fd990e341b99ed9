"""`python -m inference serve`: the way SageMaker starts the image."""

from __future__ import annotations

import os
import signal
import sys

from inference import logs
from inference.errors import SettingsError, StartError
from inference.settings import Settings

USAGE = "The one thing to do here is serve: python -m inference serve."


def main(arguments: list[str]) -> int:
    """The exit code: 0 after a stop that was asked for, 1 when the server cannot start, 2 for wrong input."""
    if arguments != ["serve"]:
        given = " ".join(arguments) or "nothing"
        print(f"error: It was asked for {given!r}. {USAGE}", file=sys.stderr)
        return 2
    # The first process of a container gets no signal that it does not handle, and imports take a while.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        settings = Settings.from_environment(os.environ)
        logs.configure(settings.log_level)
        from inference.lifecycle import serve  # noqa: PLC0415 - wrong settings need no server to be refused

        return serve(settings)
    except SettingsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
