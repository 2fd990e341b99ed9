"""The reading half of an OCI registry: which manifest and blobs it has.

ECR speaks it too, with HTTP basic authentication.

Source: OCI distribution specification; Amazon ECR user guide, "Using HTTP API authentication".
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3

from infra.aws_errors import missing
from infra.errors import CloudUnusable
from infra.layout import DOCKER_MANIFEST

if TYPE_CHECKING:
    from infra.cloud import Cloud

from botocore.exceptions import ClientError

_ACCEPT = ", ".join(
    (
        DOCKER_MANIFEST,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_BUSY = (429, 500, 502, 503, 504)
# Pauses of 0.3, 0.6, 1.2 … s, or what the registry asks for; the last answer is given back, for its sentence.
_RETRIES = urllib3.Retry(
    5, connect=3, backoff_factor=0.3, status_forcelist=_BUSY, raise_on_status=False, retry_after_max=20
)


@dataclass(frozen=True)
class Manifest:
    """What a registry says about an image: its digest, its media type and its text."""

    digest: str
    media_type: str
    content: dict[str, Any]

    @property
    def size(self) -> int:
        """Bytes of configuration and layers, compressed."""
        return sum(int(part["size"]) for part in (self.content["config"], *self.content["layers"]))


@dataclass(frozen=True)
class Repository:
    """One repository of a registry.

    `uri` is the name that SageMaker knows it by; `host` is where it is spoken to, over HTTPS unless `plain`.
    `authorization` is the Authorization header's value and stays out of `repr`.
    """

    uri: str
    host: str
    name: str
    plain: bool = False
    authorization: str | None = field(default=None, repr=False)
    _pool: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(connect=5, read=30), retries=_RETRIES
        ),
        repr=False,
        compare=False,
    )

    def digest_of(self, reference: str) -> str | None:
        """The digest behind a tag or digest, None if the registry has no such image."""
        answer = self._ask("HEAD", f"manifests/{reference}")
        return answer.headers["Docker-Content-Digest"] if answer else None

    def manifest(self, reference: str) -> Manifest | None:
        """The manifest behind a tag or digest, None if the registry has no such image."""
        answer = self._ask("GET", f"manifests/{reference}")
        if answer is None:
            return None
        digest = f"sha256:{hashlib.sha256(answer.data).hexdigest()}"
        content = json.loads(answer.data)
        media_type = content.get("mediaType") or answer.headers.get("Content-Type", "")
        return Manifest(digest, media_type, content)

    def has_blob(self, digest: str) -> bool:
        """Whether the registry has a blob."""
        return self._ask("HEAD", f"blobs/{digest}") is not None

    def blob(self, digest: str) -> bytes:
        """A small blob, whole and unchanged: its bytes are those that the digest names."""
        answer = self._ask("GET", f"blobs/{digest}")
        if answer is None or f"sha256:{hashlib.sha256(answer.data).hexdigest()}" != digest:
            state = "does not have it" if answer is None else "gives other bytes for it"
            raise CloudUnusable(f"the registry {self.host} lists {digest} and {state}; publish the image again.")
        return bytes(answer.data)

    def json_blob(self, digest: str) -> dict[str, Any]:
        """A blob that is JSON, such as an image's configuration."""
        return dict(json.loads(self.blob(digest)))

    def _ask(self, method: str, path: str) -> urllib3.BaseHTTPResponse | None:
        url = f"{'http' if self.plain else 'https'}://{self.host}/v2/{self.name}/{path}"
        headers = {"Accept": _ACCEPT} | ({"Authorization": self.authorization} if self.authorization else {})
        try:
            answer = self._pool.request(method, url, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise CloudUnusable(
                f"the registry {self.host} could not be reached: {error}; check the network and run again."
            ) from None
        if answer.status == 404:
            return None
        if answer.status >= 400:
            cure = "wait a minute and run again"
            if answer.status not in _BUSY:
                cure = "check that the credentials may read and write that repository"
            raise CloudUnusable(
                f"the registry {self.host} answered {answer.status} to {method} {self.name}/{path}; {cure}."
            )
        return answer


def open_repository(cloud: Cloud, name: str, *, create: bool = False) -> Repository | None:
    """The ECR repository called `name`, logged in to; None if there is none and `create` is not set.

    A new one has tags that never move and scans what is pushed.
    """
    try:
        uri = cloud.ecr.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]
    except ClientError as error:
        if not missing(error):
            raise
        if not create:
            return None
        made = cloud.ecr.create_repository(
            repositoryName=name, imageTagMutability="IMMUTABLE", imageScanningConfiguration={"scanOnPush": True}
        )
        uri = made["repository"]["repositoryUri"]
    if cloud.registry:
        # One registry stands for ECR's of all regions.
        host = cloud.registry.removeprefix("http://").rstrip("/")
        return Repository(uri, host, f"{cloud.region}/{name}", plain=True)
    token = cloud.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    return Repository(uri, uri.split("/", 1)[0], name, authorization=f"Basic {token}")
