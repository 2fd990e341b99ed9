"""One line of JSON for each request, on stdout, where Lambda collects it. Never a body, never a header's value."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any


def log(message: str, **fields: Any) -> None:
    """Write one line; ``trace`` is X-Ray's id of the request, which every call to AWS carries on by itself."""
    # Lambda's runtime sets it for each invocation; botocore sends it as X-Amzn-Trace-Id.
    trace = os.environ.get("_X_AMZN_TRACE_ID")
    line = {"message": message, **{name: value for name, value in fields.items() if value is not None}}
    sys.stdout.write(json.dumps({**line, **({"trace": trace} if trace else {})}) + "\n")
    sys.stdout.flush()


def log_mistake(error: BaseException, **fields: Any) -> None:
    """The same for what should not happen, with where it did."""
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log("failed", error=repr(error), where=where, **fields)
