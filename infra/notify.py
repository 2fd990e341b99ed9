"""A word to a chat when a release is made or fails: a webhook that takes `{"text": …}`, as Slack's and others' do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import urllib3

from infra.errors import InputError

if TYPE_CHECKING:
    from infra.release.report import Report

VARIABLE: Final = "SLIPWAY_WEBHOOK_FILE"
"""Names the file with the webhook's address: a secret, since whoever knows it can write to the chat."""
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=10)


def webhook() -> str | None:
    """The address, None where nobody is to be told; InputError when it cannot be one."""
    if not (name := os.environ.get(VARIABLE)):
        return None
    try:
        url = Path(name).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the webhook's address cannot be read from {name}: {error}; give an existing file.") from None
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.hostname:
        # Without the text itself: it is a secret.
        raise InputError("the webhook's address is no http address; give the one that the chat shows.")
    return url


def notify(url: str, report: Report) -> str:
    """Tell how a verb ended; why it could not be told, else nothing. What was done stays done either way."""
    if report.outcome == "unchanged":
        return ""
    try:
        answer = urllib3.request(
            "POST", url, json={"text": report.to_markdown()}, timeout=_TIMEOUT, retries=urllib3.Retry(2, redirect=0)
        )
    except urllib3.exceptions.HTTPError as error:
        # Its text has the address in it.
        return f"the webhook could not be told ({type(error).__name__}); check its address and the network"
    if answer.status >= 300:
        return f"the webhook answered {answer.status}; check that it still exists"
    return ""
