"""Runs images through the Dagger session that this process was given, as services of the engine it lives in.

An image goes into the engine as an OCI layout with ``Container.import_``. The engine keeps layers by digest, and an
image that it built is all there: a layout without layers is tried first, then those that it says it lacks, then all.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import re
import tarfile
import tempfile
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from anyio.from_thread import BlockingPortal, start_blocking_portal

from infra.localcloud.errors import ImageNotFound, LaunchError, LocalCloudError
from infra.localcloud.launchers.launcher import Container, ContainerSpec, read_output
from infra.localcloud.registry import Manifest, Registry
from infra.localcloud.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    import dagger

PORT = 8080
MODEL_DIR = "/opt/ml/model"
# https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html: SIGTERM, SIGKILL 30 s later.
STOP_GRACE_S = 30
# The engine tells nobody what a service wrote, so it writes to a volume that the local cloud has mounted too.
_OUTPUTS = "/run/slipway-outputs"
_SHELL = "/bin/sh"
_RECORDED = 'find "${0%/*}" -type f -mtime +7 -delete; exec "$@" >>"$0" 2>&1'
_VERIFIED = "verified-blob"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_TRACE = re.compile(r"\s*\[traceparent:[^\]]*\]")
_LOG = logging.getLogger(__name__)


class ServiceContainer:
    """A container that runs as a Dagger service."""

    def __init__(self, portal: BlockingPortal, service: dagger.Service, url: str, output: Callable[[], bytes]) -> None:
        self.url = url
        self._output = output
        self._portal = portal
        self._service = service
        # start() ends when port 8080 listens, and fails when the container exits before.
        self._started: Future[object] = portal.start_task_soon(service.start)

    def exit_reason(self) -> str | None:
        """The engine's words for a container that ended before it listened."""
        if not self._started.done() or self._started.cancelled():
            return None
        error = self._started.exception()
        return _told(error, self._output().decode(errors="replace")) if error else None

    def stop(self) -> None:
        """SIGTERM; SIGKILL after the grace. A service that is gone already is fine."""
        self._started.cancel()
        self._portal.call(self._stop)

    async def _stop(self) -> None:
        try:
            await asyncio.wait_for(self._service.stop(), STOP_GRACE_S)
        except TimeoutError:
            await self._service.stop(kill=True)
        except Exception as error:
            _LOG.debug("stopping %s: %s", self.url, error)


class DaggerLauncher:
    """Takes images from the registry by digest and starts them as services of the session."""

    def __init__(self, registry: Registry, state: State, volume: str | None) -> None:
        """Takes the ID of the cache volume that is mounted at the state's `outputs`; without it nothing is kept."""
        self._registry = registry
        self._state = state
        self._volume = volume
        self._lock = threading.Lock()
        self._exits = contextlib.ExitStack()
        self._connected: tuple[BlockingPortal, dagger.Client] | None = None

    def prepare(self) -> None:
        """Open the session, which takes a second for the first container."""
        self._session()

    def start(self, spec: ContainerSpec) -> Container:
        """Start the image as ``docker run IMAGE serve`` would, with port 8080 open."""
        portal, client = self._session()
        try:
            service, url = portal.call(self._service, client, spec)
        except LocalCloudError:
            raise
        except Exception as error:
            raise LaunchError(f"The engine could not start the image {spec.manifest.digest}: {error}") from error
        return ServiceContainer(portal, service, url, lambda: self.output(spec.name))

    def output(self, name: str) -> bytes:
        """What containers of that name wrote to the volume."""
        return read_output(self._state.outputs, name)

    def close(self) -> None:
        """Close the session."""
        self._exits.close()

    def _session(self) -> tuple[BlockingPortal, dagger.Client]:
        with self._lock:
            if self._connected is None:
                import dagger  # noqa: PLC0415 (takes a second, needed for the first container only)

                portal = self._exits.enter_context(start_blocking_portal("asyncio"))
                client = self._exits.enter_context(portal.wrap_async_context_manager(dagger.Connection()))
                self._connected = (portal, client)
            return self._connected

    async def _service(self, client: dagger.Client, spec: ContainerSpec) -> tuple[dagger.Service, str]:
        import dagger  # noqa: PLC0415 (imported by the session)

        image = await self._import(client, spec.manifest)
        for name, value in spec.environment.items():
            image = image.with_env_variable(name, value)
        if spec.model_archive is not None:
            image = image.with_mounted_directory(MODEL_DIR, await _unpacked(client, spec.model_archive))
        # The label makes each fleet's service its own: equal services are one to the engine.
        image = image.with_label("slipway.fleet", spec.name).with_exposed_port(PORT)
        if self._volume and await image.exists(_SHELL):
            volume = client.load_cache_volume_from_id(dagger.CacheVolumeID(self._volume))
            recorded = [_SHELL, "-c", _RECORDED, f"{_OUTPUTS}/{spec.name}", *await image.entrypoint(), "serve"]
            service = image.with_mounted_cache(_OUTPUTS, volume).as_service(args=recorded, no_init=True)
        else:
            service = image.as_service(args=["serve"], use_entrypoint=True, no_init=True)
        return service, f"http://{await service.hostname()}:{PORT}"

    async def _import(self, client: dagger.Client, manifest: Manifest) -> dagger.Container:
        """The image in the engine, sending as few layers as it takes while the registry's blobs are verified."""
        _, image = await asyncio.gather(asyncio.to_thread(self._verify, manifest), self._send_missing(client, manifest))
        return image

    def _verify(self, manifest: Manifest) -> None:
        """Read every blob that was not read before: what the registry holds must be what the digests say."""
        for blob in manifest.blobs:
            digest = blob["digest"]
            with self._state.read() as transaction:
                known = transaction.get(_VERIFIED, "", digest)
            if known is None:
                with self._registry.open_blob(manifest.repository, digest) as stream:
                    while stream.read(1 << 20):
                        pass
                with self._state.write() as transaction:
                    transaction.put(_VERIFIED, "", digest, {"digest": digest})
            elif not self._registry.has_blob(manifest.repository, digest):
                raise ImageNotFound(f"The registry no longer holds the blob {digest} of {manifest.digest}.")

    async def _send_missing(self, client: dagger.Client, manifest: Manifest) -> dagger.Container:
        left_out = {layer["digest"] for layer in manifest.content["layers"]}
        for _ in range(2):
            try:
                return await self._send(client, manifest, left_out)
            except Exception as error:
                missing = left_out & set(_DIGEST.findall(str(error)))
                _LOG.info("the engine lacks %s of %s", ", ".join(missing) or "layers", manifest.digest)
                left_out = left_out - missing if missing else set()
        return await self._send(client, manifest, set())

    async def _send(self, client: dagger.Client, manifest: Manifest, left_out: set[str]) -> dagger.Container:
        with tempfile.TemporaryDirectory(prefix="image-") as directory:
            tarball = Path(directory) / "image.tar"
            await asyncio.to_thread(self._write_layout, tarball, manifest, left_out)
            _LOG.info("image %s: %d bytes to the engine", manifest.digest, tarball.stat().st_size)
            image = client.container().import_(client.host().file(str(tarball)))
            # Entries need the root file system, so that a missing layer shows here and not at the start.
            await image.rootfs().entries()
        return image

    def _write_layout(self, tarball: Path, manifest: Manifest, left_out: set[str]) -> None:
        """Write the image as an OCI layout without some of its layers, every blob verified."""
        wanted = {blob["digest"]: blob["size"] for blob in manifest.blobs if blob["digest"] not in left_out}
        descriptor = {"mediaType": manifest.media_type, "digest": manifest.digest, "size": len(manifest.body)}
        index = {"schemaVersion": 2, "manifests": [descriptor]}
        with tarfile.open(tarball, "w") as archive:
            _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
            _add(archive, "index.json", json.dumps(index).encode())
            _add(archive, _blob_path(manifest.digest), manifest.body)
            for digest, size in wanted.items():
                info = tarfile.TarInfo(_blob_path(digest))
                info.size = size
                with self._registry.open_blob(manifest.repository, digest) as blob:
                    archive.addfile(info, blob)


def _told(error: BaseException, recorded: str) -> str:
    """An exec error of the engine in words, with the last lines that the container wrote."""
    written = recorded or f"{getattr(error, 'stdout', '')}\n{getattr(error, 'stderr', '')}"
    output = written.strip().splitlines()[-5:]
    text = _TRACE.sub("", str(error)).strip()
    return f"the container ended: {text}{': ' if output else ''}{' | '.join(output)}"


async def _unpacked(client: dagger.Client, model_archive: bytes) -> dagger.Directory:
    """model.tar.gz as a directory of the engine."""
    with tempfile.TemporaryDirectory(prefix="model-") as directory:
        with tarfile.open(fileobj=io.BytesIO(model_archive), mode="r:*") as archive:
            archive.extractall(directory, filter="data")
        return await client.host().directory(directory).sync()


def _blob_path(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))
