"""Which image runs on which instance: every pair that would hang is told beforehand, and no other."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest
from slipway.target import LINES as BUILT
from slipway.target import Device

from infra.accelerators import DRIVERS, GPUS, LINES, Ami, Needs, gpu, misfit, platform
from infra.config import load
from infra.errors import InputError

SAGEMAKER = boto3.client("sagemaker", "eu-west-1").meta.service_model
TYPES: list[str] = SAGEMAKER.shape_for("ProductionVariantInstanceType").enum  # type: ignore[attr-defined]
NEW: Ami = "al2023-ami-sagemaker-inference-gpu-4-1"
MIDDLE: Ami = "al2-ami-sagemaker-inference-gpu-3-1"


def test_the_lines_are_those_that_the_module_builds() -> None:
    labels = {device.value: Needs.of_labels(line.labels) for device, line in BUILT.items()}
    assert {name: needs for name, needs in labels.items() if needs} == LINES
    assert {device.value for device in Device} == {"cpu", *LINES}


def test_every_ami_version_for_gpus_that_sagemaker_has_is_known() -> None:
    known = SAGEMAKER.shape_for("ProductionVariantInferenceAmiVersion").enum  # type: ignore[attr-defined]
    assert {name for name in known if "gpu" in name} == set(DRIVERS)


def test_every_gpu_family_that_sagemaker_hosts_on_is_known() -> None:
    families = {one.split(".")[1] for one in TYPES}
    assert {one for one in families if one[0] in "gp"} == set(GPUS)


def test_aws_s_own_processors_are_arm64() -> None:
    arm = {one.split(".")[1] for one in TYPES if platform(one) == "linux/arm64"}
    assert arm == {
        *("c6g", "c6gd", "c6gn", "c7g", "c8g", "m6g", "m6gd", "m8g", "r6g", "r6gd", "r7gd", "r8g", "p6e-gb200")
    }


@pytest.mark.parametrize(
    ("device", "instance_type", "ami", "says"),
    [
        ("cuda", "ml.g5.xlarge", NEW, None),
        ("cuda", "ml.g6e.xlarge", NEW, None),
        ("cuda", "ml.g7e.2xlarge", NEW, None),
        ("cuda", "ml.g5.xlarge", None, "ml.g5.xlarge without inference_ami_version has driver 470"),
        ("cuda", "ml.g6.xlarge", None, f'hang in Creating; write inference_ami_version = "{NEW}"'),
        ("cuda", "ml.g5.xlarge", MIDDLE, f"{MIDDLE} has driver 550"),
        ("cuda", "ml.p3.2xlarge", NEW, "the V100 of ml.p3.2xlarge has 7.0; choose a type of ml.g4dn or"),
        ("cuda", "ml.p6-b200.48xlarge", NEW, "the B200"),
        ("cuda", "ml.c7i.large", None, "ml.c7i.large has no NVIDIA GPU; write ml.g6.xlarge"),
        ("cuda12", "ml.g5.xlarge", MIDDLE, None),
        ("cuda12", "ml.g4dn.xlarge", "al2-ami-sagemaker-inference-gpu-2", None),
        ("cuda12", "ml.g6.xlarge", None, None),
        ("cuda12", "ml.p5.48xlarge", None, None),
        ("cuda12", "ml.g4dn.xlarge", None, 'write inference_ami_version = "al2-ami-sagemaker-inference-gpu-2"'),
        ("cuda12", "ml.g7e.2xlarge", NEW, "RTX PRO 6000"),
    ],
)
def test_an_image_for_cuda_and_an_instance(
    tmp_path: Path, device: str, instance_type: str, ami: Ami | None, says: str | None
) -> None:
    why = misfit(LINES[device], instance_type, ami)  # type: ignore[index]
    assert (why is None) if says is None else (why is not None and says in why)
    # slipway.toml is held to the same, by its line, before anything is built.
    version = f'inference_ami_version = "{ami}"\n' if ami else ""
    toml = tmp_path / "slipway.toml"
    toml.write_text(
        'project = "demo"\nregion = "eu-west-1"\n[environments.dev]\n'
        f'device = "{device}"\ninstance_type = "{instance_type}"\n{version}'
    )
    if says is None:
        assert load(toml).environment("dev").device == device
    else:
        with pytest.raises(InputError) as refused:
            load(toml)
        assert says in str(refused.value)
        assert "line 3" in str(refused.value)


def test_an_image_for_cuda_is_made_for_no_arm(tmp_path: Path) -> None:
    toml = tmp_path / "slipway.toml"
    toml.write_text(
        'project = "demo"\nregion = "eu-west-1"\n[environments.dev]\ndevice = "cuda"\ninstance_type = "ml.c7g.large"\n'
    )
    with pytest.raises(InputError, match=r"whose processor is arm64"):
        load(toml)


def test_a_cpu_with_a_g_in_its_name_has_no_gpu() -> None:
    assert gpu("ml.c7g.large") is None
