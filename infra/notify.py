"""A word to whoever is to know that a release was made or failed: a chat's webhook, a topic of Amazon SNS.

The webhook takes `{"text": …}`, as Slack's and others' do. What was done stays done whether they could be told or not.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import urllib3

from infra.aws_errors import FAILURES, explain
from infra.cloud import Cloud
from infra.errors import InputError

VARIABLE: Final = "SLIPWAY_WEBHOOK_FILE"
"""Names the file with the webhook's address: a secret, since whoever knows it can write to the chat."""
_TIMEOUT: Final = urllib3.Timeout(connect=5, read=10)
_LONGEST_SUBJECT: Final = 100
"""Of a message to a topic (Amazon SNS API reference, Publish)."""


class Told(Protocol):
    """How a verb ended, in one region or in several."""

    verb: str
    project: str
    environment: str

    @property
    def outcome(self) -> str:
        """In a word: done, unchanged, failed or running."""

    def to_message(self) -> str:
        """The same in a few lines."""


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


def notify(url: str | None, topic: str | None, report: Told) -> list[str]:
    """Tell how a verb ended, unless it had nothing to do; why somebody could not be told."""
    if report.outcome == "unchanged":
        return []
    untold = [_post(url, report) if url else "", _publish(topic, report) if topic else ""]
    return [why for why in untold if why]


def _post(url: str, report: Told) -> str:
    try:
        answer = urllib3.request(
            "POST", url, json={"text": report.to_message()}, timeout=_TIMEOUT, retries=urllib3.Retry(2, redirect=0)
        )
    except urllib3.exceptions.HTTPError as error:
        # Its text has the address in it.
        return f"the webhook could not be told ({type(error).__name__}); check its address and the network"
    if answer.status >= 300:
        return f"the webhook answered {answer.status}; check that it still exists"
    return ""


def _publish(topic: str, report: Told) -> str:
    """To a topic of any region: its ARN is `arn:aws:sns:REGION:ACCOUNT:NAME`."""
    subject = f"{report.project} {report.environment}: {report.verb} {report.outcome}"
    try:
        sns = Cloud.from_environment(topic.split(":")[3]).sns
        sns.publish(TopicArn=topic, Subject=subject[:_LONGEST_SUBJECT], Message=report.to_message())
    except FAILURES as error:
        return f"the topic {topic} (notify_topic) could not be told: {explain(error)}"
    return ""
