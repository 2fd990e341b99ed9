"""A local cloud as a process of its own, and a way to push images without any tool."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import urllib3
from botocore.config import Config

from engine.packages import take_registry
from engine.registry import PROGRAM
from infra.contract.ports import free_port

ACCOUNT = "123456789012"
REGION = "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
STUB = Path(__file__).parent / "localcloud" / "stub_container.py"
ROOT = Path(__file__).parents[2]
_HTTP = urllib3.PoolManager()


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Await a condition of another process; fails with ``what``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):
            if value := condition():
                return value
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s in vain for {what}")


def _tar(path: str, text: str) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        info = tarfile.TarInfo(path)
        info.size = len(text.encode())
        archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


@dataclass
class PushedRegistry:
    """A registry and a way to push small images without any tool, as if to ECR of REGION."""

    url: str

    def push_blob(self, repository: str, data: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        upload = _HTTP.request("POST", f"{self.url}/v2/{REGION}/{repository}/blobs/uploads/")
        location = upload.headers["Location"]
        joiner = "&" if "?" in location else "?"
        target = location if location.startswith("http") else self.url + location
        answer = _HTTP.request("PUT", f"{target}{joiner}digest={digest}", body=data)
        assert answer.status == 201, answer.data
        return digest

    def push(
        self,
        repository: str,
        tag: str,
        *,
        build: str,
        behaviour: dict[str, Any] | None = None,
        command: list[str] | None = None,
        media_type: str = DOCKER_MANIFEST,
    ) -> str:
        """Push an image whose container is the stub with a behaviour; returns the manifest's digest."""
        layer = _tar("build", build)
        command = command or [sys.executable, str(STUB), json.dumps({"build": build, **(behaviour or {})})]
        config = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
            "config": {"Labels": {"slipway.process.command": json.dumps(command)}, "Env": ["FROM_IMAGE=yes"]},
        }
        blobs = [json.dumps(config).encode(), gzip.compress(layer, mtime=0)]
        digests = [self.push_blob(repository, blob) for blob in blobs]
        kinds = [DOCKER_CONFIG, DOCKER_LAYER]
        if media_type != DOCKER_MANIFEST:
            kinds = ["application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"]
        described = [
            {"mediaType": kind, "size": len(blob), "digest": digest}
            for kind, blob, digest in zip(kinds, blobs, digests, strict=True)
        ]
        manifest = {"schemaVersion": 2, "mediaType": media_type, "config": described[0], "layers": described[1:]}
        return self.put_manifest(repository, tag, media_type, json.dumps(manifest).encode())

    def push_layout(self, repository: str, tag: str, tarball: Path, extra: tuple[str, str] | None = None) -> str:
        """Push the one image of an OCI layout in a tar file; returns the manifest's digest.

        With ``extra``, a path and a text, the image gets one more layer, that no engine has built.
        """
        with tarfile.open(tarball) as archive:

            def read(digest: str) -> bytes:
                file = archive.extractfile(f"blobs/{digest.replace(':', '/')}")
                assert file is not None
                return file.read()

            index = archive.extractfile("index.json")
            assert index is not None
            (descriptor,) = json.load(index)["manifests"]
            body = read(descriptor["digest"])
            manifest = json.loads(body)
            for blob in (manifest["config"], *manifest["layers"]):
                held = _HTTP.request("HEAD", f"{self.url}/v2/{REGION}/{repository}/blobs/{blob['digest']}")
                if held.status != 200:
                    self.push_blob(repository, read(blob["digest"]))
            if extra:
                body = self._with_layer(repository, manifest, json.loads(read(manifest["config"]["digest"])), *extra)
        return self.put_manifest(repository, tag, descriptor["mediaType"], body)

    def _with_layer(
        self, repository: str, manifest: dict[str, Any], config: dict[str, Any], path: str, text: str
    ) -> bytes:
        tar = _tar(path, text)
        config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(tar).hexdigest())
        config.pop("history", None)
        layer: dict[str, Any] = {"mediaType": DOCKER_LAYER}
        manifest["layers"].append(layer)
        for descriptor, data in ((manifest["config"], json.dumps(config).encode()), (layer, gzip.compress(tar))):
            descriptor.update({"digest": self.push_blob(repository, data), "size": len(data)})
        return json.dumps(manifest).encode()

    def put_manifest(self, repository: str, reference: str, media_type: str, body: bytes) -> str:
        answer = _HTTP.request(
            "PUT",
            f"{self.url}/v2/{REGION}/{repository}/manifests/{reference}",
            body=body,
            headers={"Content-Type": media_type},
        )
        assert answer.status == 201, answer.data
        return "sha256:" + hashlib.sha256(body).hexdigest()


@contextlib.contextmanager
def run_registry(directory: Path) -> Iterator[PushedRegistry]:
    """The CNCF distribution registry on a free port, with its images in a folder."""
    program = PROGRAM
    if not program.exists():  # where an official engine is used
        program = directory / "docker-registry"
        take_registry(directory / "package", program)
    port = free_port()
    settings = directory / "config.yml"
    settings.write_text(
        json.dumps(
            {
                "version": "0.1",
                "log": {"level": "error"},
                "storage": {"filesystem": {"rootdirectory": str(directory)}, "delete": {"enabled": True}},
                "http": {"addr": f"127.0.0.1:{port}"},
            }
        )
    )
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(settings)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: urllib3.request("GET", f"{url}/v2/", retries=False).status == 200, "the registry")
        yield PushedRegistry(url)
    finally:
        process.terminate()
        process.wait()


@dataclass
class LocalCloud:
    """One process of the local cloud and clients for it."""

    registry: PushedRegistry
    state: Path
    flags: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.state.parent / f"{self.state.name}-{self.port}.log"

    def start(self) -> LocalCloud:
        command = [sys.executable, "-m", "infra.localcloud", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--state", str(self.state), "--registry", self.registry.url, "--launcher", "process", *self.flags]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment())

        def ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, self.log.read_text()
            return bool(_HTTP.request("GET", f"{self.url}/_slipway/health", retries=False).status == 200)

        wait_until(ready, "the local cloud")
        return self

    def signal(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(60)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)

    def client(self, service: str, region: str = REGION, **config: Any) -> Any:
        """A client; one that is asked for again is the same, since making one takes longer than most calls."""
        key = f"{service} {region} {config}"
        if key not in self.clients:
            self.clients[key] = boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}, **config),
            )
        return self.clients[key]


def environment() -> dict[str, str]:
    """The environment without anything that points boto3 at a real account."""
    return {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
