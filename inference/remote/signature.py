"""AWS Signature Version 4 for a GET without a body (AWS: "Create a signed AWS API request")."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

EMPTY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Credentials:
    """Of the role that the container runs with."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""
    expires: datetime | None = None
    """None for credentials that are valid as long as the process."""


def signed(
    path: str, headers: Mapping[str, str], credentials: Credentials, place: str, when: datetime
) -> dict[str, str]:
    """The headers to send: those given, among them Host, and those that prove who asks.

    `path` is percent-encoded once and has no query, `place` is `region/service`. AWS takes a signature for 15 minutes.
    """
    time = when.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Amz-Date": time}
    if credentials.session_token:
        sent["X-Amz-Security-Token"] = credentials.session_token
    named = sorted((name.lower(), " ".join(value.split())) for name, value in sent.items())
    names = ";".join(name for name, _ in named)
    request = "\n".join(("GET", path, "", *(f"{name}:{value}" for name, value in named), "", names, EMPTY))
    scope = f"{time[:8]}/{place}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{time}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_access_key}".encode()
    for part in (*scope.split("/"), text):
        proof = hmac.new(key, part.encode(), hashlib.sha256)
        key = proof.digest()
    who = f"Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, Signature={proof.hexdigest()}"
    return {**sent, "Authorization": f"AWS4-HMAC-SHA256 {who}"}
