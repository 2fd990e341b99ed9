"""Runs `python -m infra …` in its container, against AWS or the local cloud; only credentials and addresses differ."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagger
from dagger import dag

from slipway import image, sandbox
from slipway.arguments import require
from slipway.toolchain import python

_CREDENTIALS = "/run/secrets/aws.json"
_WEBHOOK = "/run/secrets/webhook"
_AWS_CONFIG = f"[default]\ncredential_process = cat {_CREDENTIALS}\n"
_TARBALL = "/out/image.tar"
REPORT = "/out/report.json"

Inputs = Mapping[str, dagger.File | dagger.Directory]


@dataclass(frozen=True)
class Code:
    """What the container is made of."""

    locks: dagger.Directory
    infra: dagger.Directory
    config: dagger.File

    async def python(self) -> dagger.Container:
        """Python with boto3, the local cloud's packages and `infra/`."""
        bare = await python(self.locks, "localcloud", "skopeo")
        return bare.with_mounted_directory("/src/infra", self.infra)

    async def settings(self, env: str, *, mock: bool, branch: str = "", measurable: bool = False) -> dict[str, Any]:
        """One environment of slipway.toml, checked before anything is built; its mistakes fail the step.

        With `measurable`, also one whose instances the engine cannot stand for.
        """
        told = (await self.python()).with_mounted_file("/src/slipway.toml", self.config)
        words = ["python3", "-m", "infra", "settings", "--env", env, f"--branch={branch}"]
        words += [*(["--mock"] if mock else []), *(["--measurable"] if measurable else [])]
        read: dict[str, Any] = json.loads(await told.with_exec(words).stdout())
        return read


@dataclass(frozen=True)
class Operations:
    """The container that sees AWS, and the local cloud's services where they stand for it."""

    container: dagger.Container
    services: tuple[dagger.Service, ...] = ()

    def telling(self, webhook: dagger.Secret) -> "Operations":
        """The same, with a chat that is told how a verb ended."""
        told = self.container.with_mounted_secret(_WEBHOOK, webhook).with_env_variable("SLIPWAY_WEBHOOK_FILE", _WEBHOOK)
        return Operations(told, self.services)

    async def ready(self) -> None:
        """Starts the local cloud, so that it comes up while other steps run."""
        for service in self.services:
            await service.start()

    def call(self, verb: str, *args: str, inputs: Inputs | None = None, module: str = "infra") -> dagger.Container:
        """One verb, run now whatever the cache holds: the world it looks at may have changed.

        Args:
            verb: a word that the module knows.
            args: its arguments.
            inputs: what the arguments name, by path.
            module: which part of infra is run.
        """
        run = self.container.with_directory("/out", dag.directory())
        for path, value in (inputs or {}).items():
            if isinstance(value, dagger.File):
                run = run.with_mounted_file(path, value)
            else:
                run = run.with_mounted_directory(path, value)
        return run.with_env_variable("SLIPWAY_CALL", uuid.uuid4().hex).with_exec(
            ["python3", "-m", module, verb, *args, "--output", REPORT]
        )

    async def live_image(self, env: str) -> dagger.Container:
        """The image that is live, brought back by its digest, with the variables that SageMaker gives its container."""
        pulled = await self.call("pull", "--env", env, "--tarball", _TARBALL).sync()
        live = image.imported(pulled.file(_TARBALL))
        for name, value in json.loads(await pulled.file(REPORT).contents())["variables"].items():
            live = live.with_env_variable(name, value)
        return live


async def read_report(ran: dagger.Container, path: str) -> tuple[dict[str, Any], dagger.File, str]:
    """What a verb reported: the JSON as read, its file, and the account for people."""
    report = ran.file(path)
    return json.loads(await report.contents()), report, await ran.stdout()


async def target(code: Code, aws: dagger.Secret | None, webhook: dagger.Secret | None = None) -> Operations:
    """AWS through the given credentials, or else the local cloud; a chat that is told how a verb ended.

    Raises:
        InputRefused: the credentials or the chat's address cannot be had.
    """
    if webhook is not None:
        await require(webhook, "--notify", "env:SLIPWAY_WEBHOOK")
        return (await target(code, aws)).telling(webhook)
    bare = await code.python()
    infra = bare.with_mounted_file("/src/slipway.toml", code.config)
    if aws is not None:
        await require(aws, "--aws", 'cmd:"aws configure export-credentials --format process"')
        return Operations(
            infra.with_new_file("/etc/aws/config", _AWS_CONFIG)
            .with_env_variable("AWS_CONFIG_FILE", "/etc/aws/config")
            .with_mounted_secret(_CREDENTIALS, aws)
        )
    images = sandbox.registry()
    cloud = await sandbox.cloud(bare, images)
    return Operations(
        infra.with_service_binding("registry", images)
        .with_service_binding("cloud", cloud)
        .with_env_variable("AWS_ENDPOINT_URL", sandbox.ENDPOINT)
        .with_env_variable("SLIPWAY_REGISTRY", sandbox.REGISTRY)
        .with_env_variable("AWS_ACCESS_KEY_ID", "local")
        .with_env_variable("AWS_SECRET_ACCESS_KEY", "local"),
        (images, cloud),
    )
