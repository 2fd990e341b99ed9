"""Arguments that several verbs take, each with what `dagger call VERB --help` says of it."""

from typing import Annotated

import dagger
from dagger import DefaultPath, Doc

from slipway.errors import InputRefused

Weights = Annotated[
    dagger.File | None,
    Doc(
        "A checkpoint of ultralytics (.pt) that detects, segments, classifies, estimates poses or finds rotated boxes,"
        " instead of the detector that is trained on generated shapes."
    ),
]
Mock = Annotated[bool, Doc("Take a model that finds nothing real and says so in every answer.")]
Environment = Annotated[str, Doc("An environment of slipway.toml; PREVIEW/BRANCH for the preview of a branch.")]
Region = Annotated[str, Doc("One of the environment's regions, instead of all of them.")]
Aws = Annotated[
    dagger.Secret | None,
    Doc(
        'AWS credentials in credential_process JSON, e.g. cmd:"aws configure export-credentials --format process".'
        " Without them, everything happens in the local cloud."
    ),
]
SigningKey = Annotated[
    dagger.Secret | None,
    Doc("A private key, PEM, ECDSA on P-256: signs the image, its provenance and its SBOM, beside it in the registry."),
]
Notify = Annotated[
    dagger.Secret | None,
    Doc("Address of a webhook that takes text, as Slack's do; it is told how it ended, e.g. env:SLACK_WEBHOOK."),
]
Repository = Annotated[
    dagger.GitRepository, DefaultPath("/"), Doc("The git checkout whose commit names what is published.")
]
Platform = Annotated[
    dagger.Platform, Doc("Platform of the image: linux/amd64, or linux/arm64 for AWS's own processors (Graviton).")
]
RunsOn = Annotated[str, Doc("What the model runs on: cpu, cuda (NVIDIA, CUDA 13) or cuda12.")]
Numbers = Annotated[
    str, Doc("What the network calculates with: fp32, fp16 or int8; parity.json says what fewer bits cost.")
]


async def require(secret: dagger.Secret, option: str, example: str) -> None:
    """InputRefused where a secret cannot be had: the command failed, the variable or file is not there."""
    try:
        await secret.plaintext()
    except dagger.QueryError as error:
        raise InputRefused(
            f"What {option} names cannot be had: {error}. Give a command, variable or file that brings it, such as"
            f" {example}, and try it by itself first."
        ) from None


def located(env: str, region: str) -> list[str]:
    """Words of `python -m infra` that name where."""
    return ["--env", env, *(["--region", region] if region else [])]
