"""`python3 -m engine up | down [--purge] | supervise`."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - run before anything that an older Python cannot read
    sys.exit("error: Python 3.11 or newer is needed: install python3 of Debian 12 or newer.")

import argparse
import os

from engine import instance, supervisor
from engine.down import down
from engine.errors import EngineError
from engine.up import up


def main(arguments: list[str]) -> int:
    """Gives the exit code: 0 done, 1 with a sentence on standard error."""
    parser = argparse.ArgumentParser(prog="python3 -m engine", description="A Dagger Engine on this host.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("up", help="make sure that `dagger` reaches an engine")
    stop = verbs.add_parser("down", help="stop it and leave nothing behind but its cache")
    stop.add_argument("--purge", action="store_true", help="remove its cache as well")
    keep = verbs.add_parser("supervise", help="keep it running; started by `up`")
    keep.add_argument("lock", type=int, help="descriptor of the lock file")
    chosen = parser.parse_args(arguments)
    try:
        which = instance.from_environment(os.environ)
        if chosen.verb == "supervise":
            return supervisor.supervise(which, chosen.lock)
        if chosen.verb == "up":
            up(which, os.environ)
        else:
            down(which, purge=chosen.purge)
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(
            f"error: {error.strerror or error}: {error.filename or 'no file'}; mend that and run it again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("error: Interrupted; run it again to go on where it stopped.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
