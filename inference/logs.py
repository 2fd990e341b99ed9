"""Structured logs: one JSON object a line on stdout. Never a body, a header's value or a query string."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any

LEVELS = logging.getLevelNamesMapping()
logger = logging.getLogger("slipway")


class JsonLine(logging.Formatter):
    """Formats a record as one line of JSON: time (UTC, ISO 8601), level, event, then the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the record holds."""
        fields: dict[str, Any] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


def configure(level: str) -> None:
    """Sends every logger of the process, uvicorn's too, to stdout as JSON lines."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logger.setLevel(level.upper())


def event(name: str, /, *, level: str = "info", exc_info: bool = False, **fields: Any) -> None:
    """Logs one event with its fields."""
    logger.log(LEVELS[level.upper()], name, extra={"fields": fields}, exc_info=exc_info)
