"""Credentials of the container's role: from the environment, or from where SageMaker, ECS and EKS hand them out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from inference.errors import UrlFailed, UrlRefused
from inference.remote.http import Target, failures, get
from inference.remote.signature import Credentials

CONTAINER_HOST = "169.254.170.2"
PLAIN_HOSTS = (CONTAINER_HOST, "169.254.170.23", "fd00:ec2::23", "127.0.0.1", "::1", "localhost")
"""Hosts that may be asked without TLS (AWS SDKs and Tools Reference Guide: "Container credential provider")."""
REFRESH = timedelta(minutes=5)
"""Fetched again this long before they expire."""
MAX_BYTES = 64 * 1024
SECONDS = 5.0


class CredentialSource:
    """Where an environment says that credentials are; those with an end are kept until shortly before it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lock = anyio.Lock()
        self._kept: Credentials | None = None

    async def credentials(self) -> Credentials:
        """Raises UrlFailed when there are none, or who hands them out fails."""
        environment = self._environment
        if (key := environment.get("AWS_ACCESS_KEY_ID")) and (secret := environment.get("AWS_SECRET_ACCESS_KEY")):
            return Credentials(key, secret, environment.get("AWS_SESSION_TOKEN", ""))
        async with self._lock:
            if self._kept is None or self._ends_within(REFRESH):
                try:
                    self._kept = await self._fetched()
                except UrlFailed:
                    # The old ones are better than none, while they last.
                    if self._kept is None or self._ends_within(timedelta()):
                        raise
            return self._kept

    def _ends_within(self, time: timedelta) -> bool:
        end = self._kept.expires if self._kept else None
        return end is not None and end - time <= datetime.now(UTC)

    async def _fetched(self) -> Credentials:
        environment, headers = self._environment, {"Accept": "application/json"}
        if relative := environment.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
            url = f"http://{CONTAINER_HOST}{relative}"
        elif full := environment.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"):
            url = full
            if token := self._token():
                headers["Authorization"] = token
        else:
            raise UrlFailed(
                "The container has no credentials to read from S3 with. Run it with a role that may, or send the "
                "picture itself."
            )
        try:
            found = json.loads(await _asked(url, headers))
            expires = datetime.fromisoformat(found["Expiration"]) if found.get("Expiration") else None
            return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found.get("Token", ""), expires)
        except (UrlFailed, UrlRefused, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UrlFailed(
                f"The container's credentials cannot be had ({str(error)[:200]}). Look at the role that it runs with."
            ) from None

    def _token(self) -> str:
        if path := self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
            try:
                return Path(path).read_text().strip()
            except OSError as error:
                raise UrlFailed(f"The token for credentials cannot be read ({error}). Mount it anew.") from None
        return self._environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")


async def _asked(url: str, headers: Mapping[str, str]) -> bytes:
    target = Target.parse(url)
    if target.scheme != "https" and target.host not in PLAIN_HOSTS:
        raise UrlFailed(f"{target.host} is asked for credentials without TLS. Use https, or a host of AWS.")
    with failures(SECONDS):
        return (await get(target, [target.host], headers, MAX_BYTES, lambda _: None)).body
