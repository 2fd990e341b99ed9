"""Runs `python -m infra …` in its container, against AWS or the local cloud; only credentials and addresses differ."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import dagger
from dagger import dag

from slipway import sandbox
from slipway.toolchain import python

_CREDENTIALS = "/run/secrets/aws.json"
_AWS_CONFIG = f"[default]\ncredential_process = cat {_CREDENTIALS}\n"
REPORT = "/out/report.json"

Inputs = Mapping[str, dagger.File | dagger.Directory]


@dataclass(frozen=True)
class Code:
    """What the container is made of."""

    locks: dagger.Directory
    infra: dagger.Directory
    config: dagger.File


async def container(code: Code) -> dagger.Container:
    """Python with boto3 and the local cloud's packages, and `infra/`."""
    return (await python(code.locks, "localcloud", "skopeo")).with_directory("/src/infra", code.infra)


async def target(code: Code, aws: dagger.Secret | None) -> dagger.Container:
    """The container that sees AWS through the given credentials, or else the local cloud."""
    bare = await container(code)
    infra = bare.with_file("/src/slipway.toml", code.config)
    if aws is not None:
        return (
            infra.with_new_file("/etc/aws/config", _AWS_CONFIG)
            .with_env_variable("AWS_CONFIG_FILE", "/etc/aws/config")
            .with_mounted_secret(_CREDENTIALS, aws)
        )
    images = sandbox.registry()
    return (
        infra.with_service_binding("registry", images)
        .with_service_binding("cloud", sandbox.cloud(bare, images))
        .with_env_variable("AWS_ENDPOINT_URL", sandbox.ENDPOINT)
        .with_env_variable("SLIPWAY_REGISTRY", sandbox.REGISTRY)
        .with_env_variable("AWS_ACCESS_KEY_ID", "local")
        .with_env_variable("AWS_SECRET_ACCESS_KEY", "local")
    )


def call(infra: dagger.Container, verb: str, *args: str, inputs: Inputs | None = None) -> dagger.Container:
    """One verb, run now whatever the cache holds: the world it looks at may have changed.

    Args:
        infra: from `target`.
        verb: a word that `python -m infra` knows.
        args: its arguments.
        inputs: what the arguments name, by path.
    """
    infra = infra.with_directory("/out", dag.directory())
    for path, value in (inputs or {}).items():
        if isinstance(value, dagger.File):
            infra = infra.with_mounted_file(path, value)
        else:
            infra = infra.with_mounted_directory(path, value)
    return infra.with_env_variable("SLIPWAY_CALL", uuid.uuid4().hex).with_exec(
        ["python3", "-m", "infra", verb, *args, "--output", REPORT]
    )
