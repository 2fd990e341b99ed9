"""Preflight: everything that would make the rollout fail minutes later, found before anything is changed."""

from __future__ import annotations

import difflib
import json
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from infra.aws_errors import code, missing
from infra.errors import Refused
from infra.layout import DOCKER_MANIFEST
from infra.registry import Manifest, open_repository

if TYPE_CHECKING:
    from infra.cloud import Cloud
    from infra.config import Config, Environment
    from infra.progress import Progress
    from infra.release.job import Job
    from infra.release.names import Release

# InferenceAmiVersion -> newest CUDA that its driver runs (API reference, ProductionVariant; NVIDIA's CUDA
# release notes, table of driver versions). Without one, GPU instances have driver 470.
_CUDA_OF_AMI = {
    None: (11, 4),
    "al2-ami-sagemaker-inference-gpu-2": (12, 2),
    "al2-ami-sagemaker-inference-gpu-2-1": (12, 2),
    "al2-ami-sagemaker-inference-gpu-3-1": (12, 4),
    "al2023-ami-sagemaker-inference-gpu-4-1": (13, 0),
}
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


def preflight(job: Job, release: Release, *, mock: bool) -> Checked:
    """Refused with a sentence for the first thing that cannot work."""
    cloud, config, environment = job.cloud, job.config, job.settings
    if mock:
        config.refuse_mock(release.place.environment)
    _instance_type(cloud, config, release)
    uri, manifest, labels = _image(cloud, config, release)
    if labels.get("slipway.mock") == "true" and not mock:
        raise Refused(
            f"{release.digest} holds a mock model, and --mock was not given; give --mock, or deploy an image "
            "with a real model."
        )
    notes = _cuda(config, release, environment, labels.get("slipway.cuda"))
    role_arn, role_notes = _role(cloud, config, job.progress)
    if not environment.alarms:
        notes += ("no alarms are configured, so SageMaker's automatic rollback is off",)
        if environment.rollout.bake_seconds:
            notes += ("bake_seconds waits without alarms that could take the release back",)
    return Checked(f"{uri}@{release.digest}", manifest.size, role_arn, notes + role_notes)


def _instance_type(cloud: Cloud, config: Config, release: Release) -> None:
    wanted = config.environment(release.place.environment).instance_type
    known: list[str] = getattr(
        cloud.sagemaker.meta.service_model.shape_for("ProductionVariantInstanceType"), "enum", []
    )
    if wanted not in known:
        close = " or ".join(difflib.get_close_matches(wanted, known, 3)) or "one of its list"
        where = config.where("environments", release.place.environment, "instance_type")
        raise Refused(f"{where} is {wanted}, which SageMaker does not host on; write {close}.")


def _image(cloud: Cloud, config: Config, release: Release) -> tuple[str, Manifest, dict[str, str]]:
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
    limit = config.settings.image_limit_gb * 10**9
    if manifest.size > limit:
        raise Refused(
            f"the image has {manifest.size / 1e9:.1f} GB compressed and the limit is "
            f"{config.settings.image_limit_gb} GB "
            f"({config.where('image_limit_gb')}); make it smaller."
        )
    settings = repository.json_blob(manifest.content["config"]["digest"])
    return repository.uri, manifest, dict(settings.get("config", {}).get("Labels") or {})


def _cuda(config: Config, release: Release, environment: Environment, cuda: str | None) -> tuple[str, ...]:
    where = config.where("environments", release.place.environment, "instance_type")
    if not cuda:
        return (f"{environment.instance_type} has a GPU that this CPU image does not use",) if environment.gpu else ()
    if not environment.gpu:
        raise Refused(
            f"the image needs CUDA {cuda} and {where} is {environment.instance_type}, without a GPU; write "
            "ml.g5.xlarge, say."
        )
    needs = tuple(int(part) for part in cuda.split(".")[:2])
    if needs <= _CUDA_OF_AMI[environment.inference_ami_version]:
        return ()
    fitting = [name for name, newest in _CUDA_OF_AMI.items() if name and needs <= newest]
    has = ".".join(map(str, _CUDA_OF_AMI[environment.inference_ami_version]))
    advice = f'write inference_ami_version = "{fitting[0]}"' if fitting else "build the image for an older CUDA"
    raise Refused(
        f"the image needs CUDA {cuda}, and the driver of "
        f"{environment.inference_ami_version or 'the default AMI'} runs {has} at most, on which "
        f"the endpoint would hang in Creating; {advice} under [environments.{release.place.environment}]."
    )


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
