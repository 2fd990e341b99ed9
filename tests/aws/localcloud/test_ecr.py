"""ECR tells what the registry holds."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
import urllib3
from botocore.exceptions import ClientError

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


@pytest.fixture
def ecr(local_cloud: Any) -> Any:
    return local_cloud.client("ecr")


@pytest.fixture
def repository(ecr: Any) -> str:
    name = f"team/app-{uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=name)
    return name


def test_a_pushed_image_is_described(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): DescribeImages, ImageDetail."""
    digest = registry.push(repository, "v1", build="a")
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    manifest = json.loads(registry_manifest(registry, repository, "v1"))
    assert detail["imageDigest"] == digest
    assert detail["imageTags"] == ["v1"]
    assert detail["imageManifestMediaType"] == DOCKER_MANIFEST
    assert detail["imageSizeInBytes"] == sum(layer["size"] for layer in manifest["layers"])
    again = ecr.describe_images(repositoryName=repository, imageIds=[{"imageDigest": digest}])["imageDetails"]
    assert again == [detail]


def test_two_tags_of_one_image_are_one_image(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): DescribeImages and ListImages."""
    digest = registry.push(repository, "v1", build="a")
    registry.put_manifest(repository, "latest", DOCKER_MANIFEST, registry_manifest(registry, repository, "v1"))
    (detail,) = ecr.describe_images(repositoryName=repository)["imageDetails"]
    assert detail["imageTags"] == ["latest", "v1"]
    identifiers = ecr.list_images(repositoryName=repository)["imageIds"]
    assert identifiers == [{"imageDigest": digest, "imageTag": tag} for tag in ("latest", "v1")]


def test_the_manifest_is_given_byte_for_byte(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): BatchGetImage."""
    digest = registry.push(repository, "v1", build="a")
    answer = ecr.batch_get_image(
        repositoryName=repository,
        imageIds=[{"imageTag": "v1"}, {"imageTag": "none"}, {"imageDigest": f"sha256:{'0' * 64}"}],
    )
    (image,) = answer["images"]
    assert image["imageId"] == {"imageDigest": digest, "imageTag": "v1"}
    assert image["imageManifest"].encode() == registry_manifest(registry, repository, "v1")
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound", "ImageNotFound"]


def test_unknown_things_have_ecrs_errors(ecr: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): DescribeImages, errors."""
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException, match="'nobody' does not exist"):
        ecr.describe_images(repositoryName="nobody")
    with pytest.raises(ecr.exceptions.ImageNotFoundException, match="imageTag:'v9'"):
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": "v9"}])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.batch_get_image(repositoryName="nobody", imageIds=[{"imageTag": "v9"}])
    with pytest.raises(ecr.exceptions.RepositoryAlreadyExistsException):
        ecr.create_repository(repositoryName=repository)
    assert ecr.describe_images(repositoryName=repository)["imageDetails"] == []


def test_a_deleted_image_is_gone_from_the_registry(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): BatchDeleteImage."""
    digest = registry.push(repository, "v1", build="a")
    kept = registry.push(repository, "v2", build="b")
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageDigest": digest}, {"imageTag": "v9"}])
    assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound"]
    assert urllib3.request("HEAD", f"{registry.url}/v2/eu-west-1/{repository}/manifests/{digest}").status == 404
    assert [image["imageDigest"] for image in ecr.describe_images(repositoryName=repository)["imageDetails"]] == [kept]


def test_one_tag_of_two_is_not_deleted_with_the_other(ecr: Any, registry: Any, repository: str) -> None:
    """The registry deletes whole manifests: a tag is not taken away behind the caller's back."""
    registry.push(repository, "v1", build="a")
    registry.put_manifest(repository, "latest", DOCKER_MANIFEST, registry_manifest(registry, repository, "v1"))
    answer = ecr.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": "latest"}])
    assert answer["imageIds"] == []
    assert "also has v1" in answer["failures"][0]["failureReason"]
    assert len(ecr.list_images(repositoryName=repository)["imageIds"]) == 2


def test_put_image_tags_and_respects_immutability(ecr: Any, registry: Any) -> None:
    """AWS API reference (Amazon ECR): PutImage, ImageTagAlreadyExistsException."""
    repository = f"immutable-{uuid4().hex[:8]}"
    ecr.create_repository(repositoryName=repository, imageTagMutability="IMMUTABLE")
    registry.push(repository, "v1", build="a")
    registry.push(repository, "v2", build="b")
    first = registry_manifest(registry, repository, "v1").decode()
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        ecr.put_image(repositoryName=repository, imageManifest=first, imageTag="v2")
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(repositoryName=repository, imageManifest=first, imageTag="v1")
    image = ecr.put_image(repositoryName=repository, imageManifest=first, imageTag="v3")["image"]
    assert image["imageId"]["imageTag"] == "v3"
    assert registry_manifest(registry, repository, "v3").decode() == first


def test_a_repository_with_images_is_deleted_by_force_only(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): DeleteRepository, RepositoryNotEmptyException."""
    digest = registry.push(repository, "v1", build="a")
    with pytest.raises(ecr.exceptions.RepositoryNotEmptyException):
        ecr.delete_repository(repositoryName=repository)
    ecr.delete_repository(repositoryName=repository, force=True)
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_images(repositoryName=repository)
    assert urllib3.request("HEAD", f"{registry.url}/v2/eu-west-1/{repository}/manifests/{digest}").status == 404


def test_the_token_and_the_address_work(ecr: Any) -> None:
    """AWS API reference (Amazon ECR): GetAuthorizationToken."""
    (data,) = ecr.get_authorization_token()["authorizationData"]
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    answer = urllib3.request(
        "GET", f"{data['proxyEndpoint']}/v2/", headers={"Authorization": f"Basic {data['authorizationToken']}"}
    )
    assert answer.status == 200


def test_lifecycle_policies_are_kept(ecr: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): PutLifecyclePolicy, GetLifecyclePolicy."""
    selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 5}
    policy = json.dumps({"rules": [{"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}]})
    ecr.put_lifecycle_policy(repositoryName=repository, lifecyclePolicyText=policy)
    kept = ecr.get_lifecycle_policy(repositoryName=repository)["lifecyclePolicyText"]
    assert json.loads(kept) == json.loads(policy)


def test_a_scan_is_refused_and_not_made_up(ecr: Any, registry: Any, repository: str) -> None:
    """AWS API reference (Amazon ECR): StartImageScan, DescribeImageScanFindings."""
    registry.push(repository, "v1", build="a")
    for call in (ecr.start_image_scan, ecr.describe_image_scan_findings):
        with pytest.raises(ClientError, match="The local cloud does not have ECR's") as refused:
            call(repositoryName=repository, imageId={"imageTag": "v1"})
        assert refused.value.response["Error"]["Code"] == "NotSupportedByLocalCloud"


def registry_manifest(registry: Any, repository: str, reference: str) -> bytes:
    answer = urllib3.request(
        "GET", f"{registry.url}/v2/eu-west-1/{repository}/manifests/{reference}", headers={"Accept": DOCKER_MANIFEST}
    )
    assert answer.status == 200
    return bytes(answer.data)
