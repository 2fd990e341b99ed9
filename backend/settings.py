"""The environment variables of the functions, all of them.

Beside these the functions read what Lambda's runtime sets, and what every AWS SDK does:
``AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`` is where messages to connections are posted (default: the API that the
connection belongs to), which a custom domain or a local cloud needs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

from backend.problem import Problem


@dataclass(frozen=True)
class Settings:
    """What one function is told."""

    endpoint: str
    """``ENDPOINT_NAME``: the SageMaker endpoint that is asked. Needed."""
    uploads: str | None = None
    """``UPLOADS_BUCKET``: where the parts of large pictures wait for the last one. Without it they are refused."""


@cache
def settings() -> Settings:
    """What the environment says, read once; Problem where the endpoint is not named."""
    endpoint = os.environ.get("ENDPOINT_NAME", "")
    if not endpoint:
        raise Problem(500, "misconfigured", "The backend is not told which detector to ask; tell who runs it.")
    return Settings(endpoint, os.environ.get("UPLOADS_BUCKET") or None)
