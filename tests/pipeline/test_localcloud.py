"""The local cloud inside the engine: real images, started by digest as services.

Registry, control plane and model containers run in the engine; the test speaks to them through tunnels, with boto3.
"""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import sys
import tarfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import dagger
import pytest
import pytest_asyncio
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.aws.processes import ACCOUNT, HOST, REGION, PushedRegistry

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROOT = Path(__file__).parents[2]
SERVER = """
import http.server, json, os, pathlib, signal, sys, uuid

BOOT = uuid.uuid4().hex

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(b"")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if body == b"die":
            os._exit(3)
        model = {path.name: path.read_text() for path in pathlib.Path("/opt/ml/model").glob("*")}
        told = {"build": open("/build").read(), "arguments": sys.argv[1:], "bytes": len(body), "pid": os.getpid()}
        self.answer(json.dumps({**told, "boot": BOOT, "model": model, "key": os.environ.get("KEY")}).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

if open("/build").read() == "broken":
    sys.exit("the weights are missing")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
REGISTRY = """
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: /var/lib/registry}, delete: {enabled: true}}
http: {addr: ":5000"}
"""


def debian(client: dagger.Client, *packages: str) -> dagger.Container:
    install = 'apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null'
    return (
        client.container()
        .from_("debian:trixie-slim")
        .with_env_variable("DEBIAN_FRONTEND", "noninteractive")
        .with_exec(["sh", "-c", install, "apt", *packages])
    )


def control_plane(client: dagger.Client) -> dagger.Container:
    """Python with the packages of the group `localcloud` and this package."""
    locks = client.host().directory(str(ROOT), include=["pyproject.toml", "uv.lock"])
    export = "/uv/bin/uv export -q --frozen --only-group localcloud --no-header -o /requirements.txt"
    install = "/uv/bin/uv pip install -q --require-hashes --no-deps --compile-bytecode --target /site"
    site = (
        debian(client, "ca-certificates", "python3", "python3-venv")
        .with_env_variable("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        .with_exec(["sh", "-c", "python3 -m venv /uv && /uv/bin/pip install -q uv==0.13.8"])
        .with_directory("/project", locks)
        .with_workdir("/project")
        .with_exec(["sh", "-c", f"{export} && {install} --python-version 3.13 -r /requirements.txt"])
        .directory("/site")
    )
    return (
        debian(client, "python3")
        .with_directory("/site", site)
        .with_env_variable("PYTHONPATH", "/site:/src")
        .with_directory("/src", client.host().directory(str(ROOT), include=["infra/**/*.py"]))
        .with_workdir("/src")
    )


@dataclass
class Engine:
    """A registry and one control plane in the engine. The cache volumes belong to this test alone."""

    client: dagger.Client
    registry_service: dagger.Service
    registry: PushedRegistry
    volume: str
    plane: dagger.Service | None = None
    url: str = ""
    role: str = ""
    process: int = 0

    async def start(self) -> None:
        """Start a control plane; each one is a new process in the engine."""
        self.process += 1
        self.plane = (
            control_plane(self.client)
            .with_env_variable("SLIPWAY_TEST_PROCESS", str(self.process))
            .with_service_binding("registry", self.registry_service)
            .with_mounted_cache("/state", self.client.cache_volume(self.volume))
            .with_exposed_port(4566)
            .as_service(
                args=["python3", "-m", "infra.localcloud", "--state", "/state", "--startup-timeout", "60"],
                experimental_privileged_nesting=True,
            )
        )
        tunnel = await self.client.host().tunnel(self.plane).start()
        self.url = await tunnel.endpoint(scheme="http")

    def aws(self, service: str) -> Any:
        path_style = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=path_style,
        )

    async def push(self, build: str, directory: Path) -> str:
        """Build an image with one layer of its own and push it as the release does; returns its digest."""
        image = (
            debian(self.client, "python3")
            .with_new_file("/server.py", SERVER)
            .with_new_file("/build", build)
            .with_entrypoint(["python3", "/server.py"])
        )
        tarball = image.as_tarball(
            media_types=dagger.ImageMediaTypes.DOCKER, forced_compression=dagger.ImageLayerCompression.Gzip
        )
        path = directory / f"{build}.tar"
        await tarball.export(str(path))
        return await asyncio.to_thread(self.registry.push_layout, "app", build, path)

    def configure(self, name: str, digest: str, **container: Any) -> None:
        """A model and an endpoint config of that name."""
        sagemaker = self.aws("sagemaker")
        image = {"Image": f"{HOST}/app@{digest}", **container}
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=self.role, PrimaryContainer=image)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.g5.xlarge"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )

    async def wait(self, *statuses: str, endpoint: str = "e") -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while True:
            description = await asyncio.to_thread(self.aws("sagemaker").describe_endpoint, EndpointName=endpoint)
            if description["EndpointStatus"] in statuses:
                return dict(description)
            assert time.monotonic() < deadline, description
            await asyncio.sleep(0.05)

    async def ask(self, body: bytes = b"\x00" * 1000, endpoint: str = "e") -> dict[str, Any]:
        runtime = self.aws("sagemaker-runtime")
        answer = await asyncio.to_thread(runtime.invoke_endpoint, EndpointName=endpoint, Body=body)
        told: dict[str, Any] = json.loads(answer["Body"].read())
        return told


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine() -> AsyncIterator[Engine]:
    """The running Dagger engine with a registry and a control plane, which has a role for SageMaker."""
    cli = shutil.which("dagger")
    if cli is None:
        pytest.fail("this test needs the dagger CLI and an engine: run `make engine`", pytrace=False)
    name = f"slipway-test-{uuid4().hex[:12]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", cli)
        async with dagger.Connection(dagger.Config(log_output=sys.stderr)) as client:
            service = (
                debian(client, "docker-registry")
                .with_new_file("/etc/registry.yml", REGISTRY)
                .with_mounted_cache("/var/lib/registry", client.cache_volume(f"{name}-registry"))
                .with_exposed_port(5000)
                .as_service(args=["docker-registry", "serve", "/etc/registry.yml"])
            )
            tunnel = await client.host().tunnel(service).start()
            made = Engine(client, service, PushedRegistry(await tunnel.endpoint(scheme="http")), name)
            await made.start()
            trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
            made.role = made.aws("iam").create_role(RoleName="r", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
            yield made


async def test_published_images_answer_behind_an_endpoint(engine: Engine, tmp_path: Path) -> None:
    """CreateEndpoint, UpdateEndpoint, the silent roll-back and a restart, with real containers."""
    engine.aws("ecr").create_repository(repositoryName="app")
    s3 = engine.aws("s3")
    s3.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="models", Key="model.tar.gz", Body=archive("labels.txt", b"circle"))
    sagemaker = engine.aws("sagemaker")
    digests = {}
    for build in ("one", "two", "broken"):
        digests[build] = await engine.push(build, tmp_path)
        engine.configure(build, digests[build], Environment={"KEY": build}, ModelDataUrl="s3://models/model.tar.gz")

    sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="one")
    with pytest.raises(ClientError, match="is not in service: its status is Creating"):
        await engine.ask()
    live = await engine.wait("InService", "Failed")
    assert live["EndpointStatus"] == "InService", live
    resolved = live["ProductionVariants"][0]["DeployedImages"][0]["ResolvedImage"]
    assert resolved == f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app@{digests['one']}"
    told = await engine.ask()
    boot = told.pop("boot")
    # SageMaker starts `docker run IMAGE serve`, with no init process in between.
    assert told == {
        "build": "one",
        "arguments": ["serve"],
        "bytes": 1000,
        "pid": 1,
        "model": {"labels.txt": "circle"},
        "key": "one",
    }

    with pytest.raises(ClientError, match="could not load the entire response body"):
        await engine.ask(b"die")
    assert (await engine.ask())["boot"] != boot

    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="two")
    assert (await engine.wait("InService"))["EndpointConfigName"] == "two"
    assert (await engine.ask())["build"] == "two"

    sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="broken")
    back = await engine.wait("InService")
    assert back["EndpointConfigName"] == "two"
    assert "did not pass the ping health check" in back["FailureReason"]
    assert "the weights are missing" in back["FailureReason"]
    assert (await engine.ask())["build"] == "two"

    assert engine.plane is not None
    await engine.plane.stop()
    await engine.start()
    after = await engine.wait("InService")
    for key in ("EndpointArn", "CreationTime", "EndpointConfigName", "ProductionVariants", "FailureReason"):
        assert after[key] == back[key]
    assert (await engine.ask())["build"] == "two"


async def test_an_image_that_the_engine_never_saw_is_sent_layer_by_layer(engine: Engine, tmp_path: Path) -> None:
    """An image pushed from elsewhere: the engine lacks one layer and is sent that one."""
    await engine.push("base", tmp_path)
    text = f"foreign {uuid4()}"
    digest = engine.registry.push_layout("app", "foreign", tmp_path / "base.tar", ("build", text))
    engine.configure("foreign", digest)
    engine.aws("sagemaker").create_endpoint(EndpointName="foreign", EndpointConfigName="foreign")
    live = await engine.wait("InService", "Failed", endpoint="foreign")
    assert live["EndpointStatus"] == "InService", live
    assert (await engine.ask(endpoint="foreign"))["build"] == text


def archive(name: str, data: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return file.getvalue()
