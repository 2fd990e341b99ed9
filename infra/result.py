"""How a verb hands over what it found: JSON to a file for programs, text for people."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse


def tell(args: argparse.Namespace, data: Any, text: str) -> None:
    """The text to standard output, and the data, JSON or made into it, to the file of --output, if there is one.

    Where a verb runs in several regions, both go to who puts their results together.
    """
    if args.hear:
        args.hear(data, text)
        return
    sys.stdout.write(text)
    if args.output:
        args.output.write_text(data if isinstance(data, str) else json.dumps(data, indent=2) + "\n")
