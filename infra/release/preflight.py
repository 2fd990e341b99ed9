"""Preflight: everything that would make the rollout fail minutes later, found before anything is changed."""

from __future__ import annotations

import difflib
import json
import urllib.parse
from dataclasses import dataclass
from platform import machine
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.accelerators import Needs, gpu, misfit
from infra.aws_errors import code, missing
from infra.cloud import Cloud
from infra.errors import Refused
from infra.layout import DOCKER_MANIFEST
from infra.registry import Manifest, Repository, open_repository
from infra.release import names
from infra.release.generations import generations
from infra.release.kinds import image_limit, require_buckets

if TYPE_CHECKING:
    from infra.config import Config
    from infra.progress import Progress
    from infra.release.job import Job
    from infra.release.names import Release

DIRTY = "-dirty"
"""The end of a git SHA whose commit is not all that was built."""
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@dataclass(frozen=True)
class Checked:
    """What preflight found out: the image by its full name, its size in bytes, the role, remarks for people."""

    image: str
    size: int
    role_arn: str
    notes: tuple[str, ...]


def preflight(job: Job, release: Release, *, git_sha: str, mock: bool) -> Checked:
    """Refused with a sentence for the first thing that cannot work."""
    cloud, config, environment = job.cloud, job.config, job.settings
    if mock:
        config.refuse_mock(release.place.environment)
    _origin(config, release, git_sha)
    _instance_type(cloud, config, release)
    repository, manifest, settings = _image(cloud, config, release)
    _signature(config, release, repository)
    labels = settings["config"].get("Labels") or {}
    if labels.get("slipway.mock") == "true" and not mock:
        raise Refused(
            f"{release.digest} holds a mock model, and --mock was not given; give --mock, or deploy an image "
            "with a real model."
        )
    notes = _runs_there(config, release, settings, local=cloud.local)
    require_buckets(job)
    role_arn, role_notes = _role(cloud, config, job.progress)
    if not environment.alarms and not environment.serverless:
        notes += ("no alarms are configured, so SageMaker's automatic rollback is off",)
        if environment.rollout.bake_seconds:
            notes += ("bake_seconds waits without alarms that could take the release back",)
    return Checked(f"{repository.uri}@{release.digest}", manifest.size, role_arn, notes + role_notes)


def _origin(config: Config, release: Release, git_sha: str) -> None:
    """Refused for production from a tree that no commit holds, or of an image that skipped the environment before."""
    environment = release.place.environment
    settings = config.environment(environment)
    if settings.production and git_sha.endswith(DIRTY):
        where = config.where("environments", environment, "production")
        raise Refused(
            f"the image was built from changes that are in no commit ({git_sha}) and {environment} is production "
            f"({where}); commit them and deploy again."
        )
    if settings.promoted_from is None:
        return
    before = names.place(config, settings.promoted_from)
    known = generations(Cloud.from_environment(before.region).sagemaker, before)
    if not any(one.good and one.digest == release.digest for one in known):
        where = config.where("environments", environment, "promoted_from")
        raise Refused(
            f"{release.digest} has not passed {before.environment} ({where}); deploy it there first, then run promote."
        )


def _instance_type(cloud: Cloud, config: Config, release: Release) -> None:
    if config.environment(release.place.environment).serverless:
        return
    wanted = config.environment(release.place.environment).instance_type
    known: list[str] = getattr(
        cloud.sagemaker.meta.service_model.shape_for("ProductionVariantInstanceType"), "enum", []
    )
    if wanted not in known:
        close = " or ".join(difflib.get_close_matches(wanted, known, 3)) or "one of its list"
        where = config.where("environments", release.place.environment, "instance_type")
        raise Refused(f"{where} is {wanted}, which SageMaker does not host on; write {close}.")


def _image(cloud: Cloud, config: Config, release: Release) -> tuple[Repository, Manifest, dict[str, Any]]:
    repository = open_repository(cloud, config.repository)
    manifest = repository.manifest(release.digest) if repository else None
    if repository is None or manifest is None:
        what = "has no such image" if repository else "does not exist"
        raise Refused(
            f"{release.digest} is not published: the ECR repository {config.repository} in {cloud.region} "
            f"{what}; run publish first."
        )
    if manifest.digest != release.digest:
        raise Refused(f"the registry gave {manifest.digest} for {release.digest}; publish the image again.")
    if manifest.media_type != DOCKER_MANIFEST:
        raise Refused(
            f"{release.digest} is a {manifest.media_type}, and SageMaker takes Docker manifests for one "
            "platform only; publish it with "
            "Docker's media types."
        )
    limit, where = image_limit(config, release.place.environment)
    if manifest.size > limit * 10**9:
        raise Refused(
            f"the image has {manifest.size / 1e9:.1f} GB compressed and the limit is {limit} GB ({where}); make it "
            "smaller."
        )
    settings = repository.json_blob(manifest.content["config"]["digest"])
    return repository, manifest, {"config": {}, **settings}


def _signature(config: Config, release: Release, repository: Repository) -> None:
    key = config.public_key
    if key is None or not config.environment(release.place.environment).production:
        return
    from infra.supply.proof import prove  # noqa: PLC0415  (most have no key)

    try:
        prove(repository, release.digest, key)
    except Refused as error:
        where = config.where("signing", "public_key")
        raise Refused(f"{where} asks for signed images in production. {error}") from None


def _runs_there(config: Config, release: Release, settings: dict[str, Any], *, local: bool) -> tuple[str, ...]:
    """Refused where the image's processor, GPU code or CUDA does not fit the instance; remarks where it wastes it."""
    environment = config.environment(release.place.environment)
    kind, where = environment.instance_type, config.where("environments", release.place.environment, "instance_type")
    built = f"linux/{settings.get('architecture')}"
    if built != environment.platform:
        raise Refused(
            f"{release.digest} is for {built} and {where} is {kind}, which is {environment.platform}; deploy from "
            "source, which builds for the instance type, or name another type."
        )
    if local and built == "linux/arm64" and machine() == "x86_64":
        raise Refused(
            f"{release.digest} is for {built} and the local cloud's engine is x86, which cannot start it; deploy it to "
            "AWS, or choose another instance type for the local cloud."
        )
    try:
        needs = Needs.of_labels(settings["config"].get("Labels") or {})
    except ValueError as error:
        raise Refused(
            f"the labels of {release.digest} do not say which GPU it needs ({error}); build it again."
        ) from None
    chip = gpu(kind)
    if needs is None:
        wasted = f'{kind} has a GPU that this image does not use: write device = "cuda", or save the money'
        return (wasted,) if chip else ()
    if why := misfit(needs, kind, environment.inference_ami_version):
        raise Refused(f"{where}: {why}, under [environments.{release.place.environment}].")
    if local and environment.variables.get("SLIPWAY_CPU_FALLBACK") != "1":
        raise Refused(
            f'{release.digest} needs a GPU and the local cloud has none; write SLIPWAY_CPU_FALLBACK = "1" under '
            f"[environments.{release.place.environment}.variables] to try it on the processor, or deploy to AWS."
        )
    return ()


def _made_role(cloud: Cloud, name: str) -> str:
    try:
        return str(cloud.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"])
    except ClientError as error:
        # Another deploy was faster.
        if code(error) != "EntityAlreadyExists":
            raise
        return str(cloud.iam.get_role(RoleName=name)["Role"]["Arn"])


def _role(cloud: Cloud, config: Config, progress: Progress) -> tuple[str, tuple[str, ...]]:
    name = config.execution_role.rsplit("/", 1)[-1]
    where = config.where("execution_role") if config.settings.execution_role else f"execution_role (default {name})"
    try:
        role = cloud.iam.get_role(RoleName=name)["Role"]
    except ClientError as error:
        if missing(error) and cloud.local:
            progress.say(f"creating role {name} in the local cloud")
            return _made_role(cloud, name), ()
        if missing(error):
            raise Refused(
                f"{where}: the role {name} does not exist in this account; create it with trust for "
                "sagemaker.amazonaws.com, "
                "or name another one in slipway.toml."
            ) from None
        if code(error) in ("AccessDenied", "AccessDeniedException") and config.execution_role.startswith("arn:"):
            return config.execution_role, (f"the role {name} was not checked: iam:GetRole is not allowed",)
        raise
    if not _trusts_sagemaker(role["AssumeRolePolicyDocument"]):
        raise Refused(
            f"{where}: the role {name} does not trust sagemaker.amazonaws.com; add it to the role's trust policy."
        )
    return role["Arn"], ()


def _trusts_sagemaker(policy: Any) -> bool:
    # botocore decodes the document; the type says text because IAM's own answer is URL-encoded JSON.
    document = json.loads(urllib.parse.unquote(policy)) if isinstance(policy, str) else policy
    statements = document.get("Statement", [])
    for one in statements if isinstance(statements, list) else [statements]:
        services = one.get("Principal", {}).get("Service", []) if isinstance(one.get("Principal"), dict) else []
        if one.get("Effect") == "Allow" and "sagemaker.amazonaws.com" in (
            [services] if isinstance(services, str) else services
        ):
            return True
    return False
