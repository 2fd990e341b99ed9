"""A project of its own for each test: slipway.toml, a sample, images as OCI layouts, and the CLI."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.__main__ import main

DETECTOR = Path(__file__).with_name("detector.py")
ROOT = Path(__file__).parents[3]
FOUND = [
    {"class_id": 0, "label": "circle", "score": 0.97, "box": [12.0, 30.5, 80.2, 99.0]},
    {"class_id": 1, "label": "square", "score": 0.88, "box": [200.0, 210.0, 300.0, 320.0]},
]
# Waits are a hundredth of what AWS takes, see the fixture `local_cloud`.
TOML = """
project = "{project}"
region = "eu-west-1"

[timeouts]
deploy_seconds = 30

[environments.dev]
keep = 1

[environments.guarded]
alarms = [{{ metric = "Invocation5XXErrors", threshold = 0 }}]
rollout = {{ type = "all-at-once", bake_seconds = 300 }}

[environments.prod]
production = true
"""


@dataclass(frozen=True)
class Outcome:
    """What one call of the CLI gave."""

    code: int
    out: str
    err: str
    report: Any

    @property
    def error(self) -> str:
        """The sentence on the last line of stderr."""
        last = self.err.strip().splitlines()[-1]
        assert last.startswith("error: "), self.err
        return last.removeprefix("error: ")


@dataclass
class Project:
    """A user's project: `call` runs a verb in this process, `spawn` as a process of its own."""

    folder: Path
    name: str
    cloud: Any
    environment: dict[str, str]
    capture: pytest.CaptureFixture[str] | None = field(default=None, repr=False)

    @property
    def toml(self) -> Path:
        return self.folder / "slipway.toml"

    def endpoint(self, env: str = "dev") -> str:
        return f"{self.name}-{env}"

    def layout(
        self, build: str, labels: dict[str, str] | None = None, architecture: str = "amd64", **behaviour: Any
    ) -> Path:
        """An image in an OCI layout, as Dagger exports it: Docker's media types."""
        behaviour = {"build": build, "detections": FOUND, **behaviour}
        command = json.dumps([sys.executable, str(DETECTOR), json.dumps(behaviour)])
        folder = self.folder / f"layout-{build}"
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)

        def blob(kind: str, data: bytes) -> dict[str, Any]:
            digest = hashlib.sha256(data).hexdigest()
            (blobs / digest).write_bytes(data)
            return {
                "mediaType": f"application/vnd.docker.{kind}",
                "digest": f"sha256:{digest}",
                "size": len(data),
            }

        raw = self.name.encode() * 1000
        layer = blob("image.rootfs.diff.tar.gzip", gzip.compress(raw, mtime=0))
        config = {
            "architecture": architecture,
            "os": "linux",
            "config": {"Labels": {"slipway.process.command": command, "slipway.build": build, **(labels or {})}},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(raw).hexdigest()}"]},
        }
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        manifest = blob(
            "distribution.manifest.v2+json",
            json.dumps(
                {
                    "schemaVersion": 2,
                    "mediaType": kind,
                    "config": blob("container.image.v1+json", json.dumps(config).encode()),
                    "layers": [layer],
                }
            ).encode(),
        )
        index = {"schemaVersion": 2, "manifests": [manifest]}
        (folder / "index.json").write_text(json.dumps(index))
        (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        return folder

    def publish(self, build: str, **options: Any) -> str:
        """The digest of a published image."""
        folder = self.layout(build, **options)
        done = self.call("publish", "--layout", str(folder), "--tag", build)
        assert done.code == 0, done.err
        return str(done.report["digest"])

    def arguments(self, verb: str, *args: str, env: str = "dev") -> list[str]:
        output = self.folder / f"{uuid.uuid4().hex}.json"
        return [verb, "--env", env, "--config", str(self.toml), "--output", str(output), *args]

    def call(self, verb: str, *args: str, env: str = "dev") -> Outcome:
        arguments = self.arguments(verb, *args, env=env)
        assert self.capture is not None
        self.capture.readouterr()
        code = main(arguments)
        told = self.capture.readouterr()
        return self.outcome(code, told.out, told.err, arguments)

    def outcome(self, code: int, out: str, err: str, arguments: list[str]) -> Outcome:
        output = Path(arguments[arguments.index("--output") + 1])
        return Outcome(code, out, err, json.loads(output.read_text() or "{}") if output.exists() else {})

    def deploy(self, digest: str, *args: str, env: str = "dev", git_sha: str = "abc1234") -> Outcome:
        return self.call("deploy", *self.wanted(digest, *args, git_sha=git_sha), env=env)

    def wanted(self, digest: str, *args: str, git_sha: str = "abc1234") -> list[str]:
        sample, expected = self.folder / "sample.jpg", self.folder / "sample.json"
        return [
            *("--digest", digest, "--git-sha", git_sha),
            *("--sample", str(sample), "--expected", str(expected), *args),
        ]

    def spawn(self, arguments: list[str], **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "infra", *arguments],
            cwd=ROOT,
            env={**os.environ, **self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def sagemaker(self) -> Any:
        return self.cloud.client("sagemaker")

    def live(self, env: str = "dev", region: str = "eu-west-1") -> str:
        """The build that answers a client of the endpoint."""
        answer = self.cloud.client("sagemaker-runtime", region).invoke_endpoint(
            EndpointName=self.endpoint(env), ContentType="image/jpeg", Body=b"\xff\xd8 picture"
        )
        return str(json.loads(answer["Body"].read())["build"])

    def configs(self) -> list[str]:
        found = self.sagemaker.list_endpoint_configs(NameContains=f"{self.name}-")["EndpointConfigs"]
        return sorted(one["EndpointConfigName"] for one in found)

    def models(self) -> list[str]:
        return sorted(one["ModelName"] for one in self.sagemaker.list_models(NameContains=f"{self.name}-")["Models"])


Enter = Callable[[Path, str], Project]


def begin(folder: Path, toml: str = TOML) -> str:
    """Write a new project's files; its name."""
    name = f"p{uuid.uuid4().hex[:8]}"
    (folder / "slipway.toml").write_text(toml.format(project=name))
    (folder / "sample.jpg").write_bytes(b"\xff\xd8 picture")
    (folder / "sample.json").write_text(json.dumps({"detections": FOUND}))
    return name


def variables(cloud: Any) -> dict[str, str]:
    """What points the CLI at a local cloud."""
    return {
        "AWS_ENDPOINT_URL": cloud.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "SLIPWAY_REGISTRY": cloud.registry.url,
    }


@pytest.fixture
def enter(local_cloud: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Enter:
    """Makes a test work in a project whose files are there."""
    environment = variables(local_cloud)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    return lambda folder, name: Project(folder, name, local_cloud, environment, capsys)


@pytest.fixture
def project(enter: Enter, tmp_path: Path) -> Project:
    """A project with a name of its own in the shared local cloud."""
    return enter(tmp_path, begin(tmp_path))
