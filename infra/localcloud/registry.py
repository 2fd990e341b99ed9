"""A client of the registry beside the local cloud (OCI distribution specification 1.1, plain HTTP)."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

import urllib3

from infra.localcloud.errors import ImageNotFound, RegistryError

if TYPE_CHECKING:
    from typing_extensions import Buffer

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_ACCEPT = ", ".join((DOCKER_MANIFEST, DOCKER_LIST, OCI_MANIFEST, OCI_INDEX))
_NOT_FOUND = 404


def held(region: str, repository: str) -> str:
    """Where the one registry holds a repository of ECR, which has one of that name in each region."""
    return f"{region}/{repository}"


@dataclass(frozen=True)
class Manifest:
    """A manifest as the registry holds it; ``digest`` is computed from ``body``, never taken on trust."""

    repository: str
    digest: str
    media_type: str
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The parsed manifest."""
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def is_index(self) -> bool:
        """Whether it names other manifests instead of layers."""
        return self.media_type in (DOCKER_LIST, OCI_INDEX)

    @property
    def blobs(self) -> list[dict[str, Any]]:
        """Descriptors of the configuration and of the layers; none for an index."""
        return [] if self.is_index else [self.content["config"], *self.content["layers"]]

    @property
    def size(self) -> int:
        """Bytes of the layers as transferred, which is what ECR calls imageSizeInBytes."""
        return 0 if self.is_index else sum(layer["size"] for layer in self.content["layers"])


class Registry:
    """Reads and deletes images at ``url``. Raises RegistryError when it cannot be reached, ImageNotFound for 404."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise RegistryError(f"The registry must be given as http://HOST:PORT, not {url!r}.")
        self._http = urllib3.PoolManager(
            maxsize=8, timeout=urllib3.Timeout(connect=5, read=60), retries=urllib3.Retry(2)
        )

    def _request(
        self, method: str, path: str, *, accept: str = "*/*", body: bytes | None = None, stream: bool = False
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = accept
        try:
            response = self._http.request(
                method, f"{self.url}/v2/{path}", headers=headers, body=body, preload_content=not stream
            )
        except urllib3.exceptions.HTTPError as error:
            raise RegistryError(f"The registry {self.url} cannot be reached: {error}.") from error
        if response.status == _NOT_FOUND:
            response.drain_conn()
            raise ImageNotFound(f"The registry {self.url} does not hold {path}.")
        if response.status >= 400:
            raise RegistryError(f"The registry {self.url} answered {response.status} to {method} /v2/{path}.")
        return response

    def manifest(self, repository: str, reference: str) -> Manifest:
        """The manifest of a tag or a digest; a body that does not fit its digest is a RegistryError."""
        response = self._request("GET", f"{repository}/manifests/{reference}", accept=_ACCEPT)
        digest = "sha256:" + hashlib.sha256(response.data).hexdigest()
        if reference.startswith("sha256:") and reference != digest:
            raise RegistryError(f"The registry gave {digest} when asked for {repository}@{reference}.")
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        return Manifest(repository, digest, media_type, response.data)

    def put_manifest(self, repository: str, reference: str, media_type: str, body: bytes) -> None:
        """Store a manifest under a tag or a digest; its blobs must be there."""
        self._request("PUT", f"{repository}/manifests/{reference}", accept=media_type, body=body)

    def delete_manifest(self, repository: str, digest: str) -> None:
        """Delete a manifest and with it all its tags; its blobs stay until the registry collects them."""
        self._request("DELETE", f"{repository}/manifests/{digest}")

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository; none if nothing was ever pushed to it."""
        try:
            tags = json.loads(self._request("GET", f"{repository}/tags/list").data).get("tags")
        except ImageNotFound:
            return []
        return sorted(tags or [])

    def blob(self, repository: str, digest: str) -> bytes:
        """A small blob, such as an image's configuration, checked against its digest."""
        data: bytes = self._request("GET", f"{repository}/blobs/{digest}").data
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            raise RegistryError(f"The blob {digest} of {repository} is damaged in the registry.")
        return data

    def has_blob(self, repository: str, digest: str) -> bool:
        """Whether the registry holds a blob."""
        try:
            self._request("HEAD", f"{repository}/blobs/{digest}")
        except ImageNotFound:
            return False
        return True

    def config(self, manifest: Manifest) -> dict[str, Any]:
        """The image's configuration: architecture, entrypoint, environment, labels."""
        config: dict[str, Any] = json.loads(self.blob(manifest.repository, manifest.content["config"]["digest"]))
        return config

    @contextmanager
    def open_blob(self, repository: str, digest: str) -> Iterator[IO[bytes]]:
        """A blob as a stream; leaving the block raises RegistryError unless all of it was read and fits its digest."""
        response = self._request("GET", f"{repository}/blobs/{digest}", stream=True)
        computed = hashlib.sha256()
        try:
            yield io.BufferedReader(_Hashed(response, computed), 1 << 20)
        except urllib3.exceptions.HTTPError as error:
            raise RegistryError(f"The registry broke off while sending {digest}: {error}.") from error
        finally:
            response.release_conn()
        if f"sha256:{computed.hexdigest()}" != digest:
            raise RegistryError(f"The blob {digest} of {repository} is damaged in the registry.")


class _Hashed(io.RawIOBase):
    """Reads a response and hashes what it gives."""

    def __init__(self, response: urllib3.BaseHTTPResponse, computed: hashlib._Hash) -> None:
        self._response = response
        self._computed = computed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        data = self._response.read(len(view), decode_content=False)
        view[: len(data)] = data
        self._computed.update(data)
        return len(data)
